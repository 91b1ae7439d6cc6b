"""What a search is made of; import its names from `hamirror`."""

from collections.abc import Iterable
from typing import ClassVar, final

__all__ = ["Filter", "Ranker", "Sort"]

@final
class Filter:
    """A condition that every document must meet; with `exclude`, must not meet.

    Attributes are those of the index; `id` is the document id.
    """

    @staticmethod
    def values(attribute: str, values: Iterable[int], *, exclude: bool = False) -> Filter:
        """The attribute is one of these; ids may be as large as 2**64-1."""

    @staticmethod
    def range(attribute: str, first: int, last: int, *, exclude: bool = False) -> Filter:
        """The attribute is from `first` to `last`, both included; ids may be as large as
        2**64-1."""

    @staticmethod
    def float_range(attribute: str, first: float, last: float, *, exclude: bool = False) -> Filter:
        """The float attribute is from `first` to `last`, both included, in 32 bits each."""

    @staticmethod
    def string(attribute: str, text: str, *, exclude: bool = False) -> Filter:
        """The string attribute equals `text` by the daemon's collation."""

    @staticmethod
    def null(attribute: str, *, exclude: bool = False) -> Filter:
        """Keeps documents where that field of a JSON attribute, such as `facts.size`, is null or
        not there."""

    @staticmethod
    def id_range(first: int, last: int) -> Filter:
        """The document id is from `first` to `last`, both included."""

    def __eq__(self, other: object, /) -> bool:
        """True for equal conditions."""

@final
class Sort:
    """The order of rows; ties go to the lower document id."""

    RELEVANCE: ClassVar[Sort]
    """Weight, best first."""

    @staticmethod
    def descending(attribute: str) -> Sort:
        """Sorts by that attribute of the select list, highest first, then by weight."""

    @staticmethod
    def ascending(attribute: str) -> Sort:
        """Sorts by that attribute of the select list, lowest first, then by weight."""

    @staticmethod
    def time_segments(attribute: str) -> Sort:
        """Age by this attribute in steps (hour, day, week, month, three months, older), newest
        first, then weight."""

    @staticmethod
    def extended(clause: str) -> Sort:
        """Up to five keys, such as `price asc, @weight desc`."""

    @staticmethod
    def expression(expression: str) -> Sort:
        """Value of this expression, highest first."""

    def __eq__(self, other: object, /) -> bool:
        """True for equal orders."""

@final
class Ranker:
    """Ranker of a search: by what matches are weighed."""

    PROXIMITY_BM25: ClassVar[Ranker]
    """Phrase proximity and BM25."""
    BM25: ClassVar[Ranker]
    """BM25 only."""
    NONE: ClassVar[Ranker]
    """Every match weighs 1."""
    WORD_COUNT: ClassVar[Ranker]
    """Number of hits."""
    PROXIMITY: ClassVar[Ranker]
    """Phrase proximity only."""
    MATCH_ANY: ClassVar[Ranker]
    """As match mode "any" weighs."""
    FIELD_MASK: ClassVar[Ranker]
    """A bit for each field that matched."""
    SPH04: ClassVar[Ranker]
    """Proximity and BM25 with more for exact and leading hits."""

    @staticmethod
    def expression(expression: str) -> Ranker:
        """Ranks by that expression."""

    @staticmethod
    def export(expression: str) -> Ranker:
        """Ranks by that expression, and keeps the factors for the select list."""

    def __eq__(self, other: object, /) -> bool:
        """True for equal rankers."""
