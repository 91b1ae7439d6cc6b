"""What a search is made of; import its names from `hamirror`."""

from ._native import Filter, Grouping, Override, Ranker, Search, Sort

__all__ = ["Filter", "Grouping", "Override", "Ranker", "Search", "Sort"]
