"""Raw requests and what is answered to them; import its names from `hamirror`."""

from ._native import Reply, Request, Verdict

__all__ = ["Reply", "Request", "Verdict"]
