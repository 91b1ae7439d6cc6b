"""Results and answers, and the sessions that give them; import its names from `hamirror`."""

from ._native import Answer, Row, SearchResult, Session

__all__ = ["Answer", "Row", "SearchResult", "Session"]
