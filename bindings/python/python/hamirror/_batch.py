"""Many calls at once, and what is done beside them; import its names from `hamirror`."""

from ._native import Batch, PendingReply, PendingSearch, PendingSearches, Upkeep

__all__ = ["Batch", "PendingReply", "PendingSearch", "PendingSearches", "Upkeep"]
