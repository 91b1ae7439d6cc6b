"""What a search is made of; import its names from `hamirror`."""

from ._native import Filter, Ranker, Sort

__all__ = ["Filter", "Ranker", "Sort"]
