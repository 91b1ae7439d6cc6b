"""Many calls at once, and what is done beside them; import its names from `hamirror`."""

from ._native import Batch, PendingCommand, PendingReply, PendingSearch, PendingSearches, Upkeep

__all__ = [
    "Batch",
    "PendingCommand",
    "PendingReply",
    "PendingSearch",
    "PendingSearches",
    "Upkeep",
]
