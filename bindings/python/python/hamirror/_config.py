"""Configurations; import its names from `hamirror`."""

from ._native import Config

__all__ = ["Config"]
