"""The merge of replies that a program got by itself; import its names from `hamirror`."""

from ._native import RawMerge

__all__ = ["RawMerge"]
