"""What a search is made of; import its names from `hamirror`."""

from collections.abc import Iterable, Mapping
from typing import ClassVar, Literal, final, overload

from typing_extensions import Self, Unpack

from ._options import QueryOptions

__all__ = ["Filter", "Grouping", "Override", "Ranker", "Search", "Sort"]

@final
class Search:
    """A full-text query and its settings, to be asked with others at once.

    Parameters
    ----------
    query : str
        The full-text query; an empty one matches every document.
    **options
        Those of `QueryOptions`.

    Raises
    ------
    TypeError, ValueError, OverflowError
        An option is unknown, of another type, or out of range.
    """

    def __new__(cls, query: str, **options: Unpack[QueryOptions]) -> Self: ...
    def __eq__(self, other: object, /) -> bool:
        """True for equal searches."""

@final
class Grouping:
    """Groups of a search: by what documents are grouped, and which groups return, one row a group.

    Aggregates (`count(*)`, `sum(price) s`) are entries of the select list. Each row also has the
    columns `@groupby` and `@count`, and `@distinct` where distinct values are counted.

    Parameters
    ----------
    *attributes : str
        Attributes, aliases or JSON keys, one or more. Each value of a multi-value attribute is a
        group.
    by : "value", "day", "week", "month", "year" or "pair", default "value"
        What documents of a group have in common: the values of the attributes, or the time that
        the one attribute, a timestamp, lies in. Daemons no longer group by the pair of an
        attribute and the next one, and say so.
    order : str, default "@group desc"
        The order of groups, such as `@count desc, price asc`.
    within : str, default the order of the search
        The order of documents within a group, whose first is its row.
    count_distinct : str, default none
        An attribute whose different values are counted as `@distinct`.
    rows_per_group : int, default 1
        Rows of a group: its first so many documents.
    having : Filter, default none
        Keeps groups of which it holds; its attribute is an alias or an expression of the select
        list, such as `count(*)`.

    Raises
    ------
    ValueError
        No attribute, several where one is meant, or ids of documents in `having`.
    """

    @overload
    def __new__(
        cls,
        *attributes: str,
        by: Literal["value"] | None = None,
        order: str | None = None,
        within: str | None = None,
        count_distinct: str | None = None,
        rows_per_group: int | None = None,
        having: Filter | None = None,
    ) -> Self: ...
    @overload
    def __new__(
        cls,
        attribute: str,
        /,
        *,
        by: Literal["day", "week", "month", "year", "pair"],
        order: str | None = None,
        within: str | None = None,
        count_distinct: str | None = None,
        rows_per_group: int | None = None,
        having: Filter | None = None,
    ) -> Self: ...
    def __eq__(self, other: object, /) -> bool:
        """True for groupings that were written alike."""

@final
class Override:
    """Other values of an attribute for some documents, in one search alone.

    Manticore knows none: an agent that runs it answers with an error.

    Parameters
    ----------
    attribute : str
        The attribute.
    values : mapping of int to int, float or bool
        Values by document id.
    kind : "uint", "timestamp", "bool", "float" or "bigint", default "uint"
        The type of the attribute.

    Raises
    ------
    OverflowError
        A value does not fit the type.
    """

    def __new__(
        cls,
        attribute: str,
        values: Mapping[int, float],
        *,
        kind: Literal["uint", "timestamp", "bool", "float", "bigint"] | None = None,
    ) -> Self: ...
    def __eq__(self, other: object, /) -> bool:
        """True for equal overrides."""

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
    def at_least(attribute: str, number: float, *, exclude: bool = False) -> Filter:
        """The attribute is `number` or higher: an `int` for whole attributes, a `float` for
        floats."""

    @staticmethod
    def above(attribute: str, number: float, *, exclude: bool = False) -> Filter:
        """The attribute is higher than `number`: an `int` for whole attributes, a `float` for
        floats."""

    @staticmethod
    def at_most(attribute: str, number: float, *, exclude: bool = False) -> Filter:
        """The attribute is `number` or lower: an `int` for whole attributes, a `float` for
        floats."""

    @staticmethod
    def below(attribute: str, number: float, *, exclude: bool = False) -> Filter:
        """The attribute is lower than `number`: an `int` for whole attributes, a `float` for
        floats."""

    @staticmethod
    def string(attribute: str, text: str, *, exclude: bool = False) -> Filter:
        """The string attribute equals `text` by the collation of the search."""

    @staticmethod
    def strings(attribute: str, texts: Iterable[str], *, exclude: bool = False) -> Filter:
        """The string attribute is one of `texts` by the collation of the search; none is empty."""

    @staticmethod
    def variable(attribute: str, name: str, *, exclude: bool = False) -> Filter:
        """The attribute is one of the numbers of a global variable, such as `@allowed`, that each
        agent has."""

    @staticmethod
    def null(attribute: str, *, exclude: bool = False) -> Filter:
        """Keeps documents where that field of a JSON attribute, such as `facts.size`, is null or
        not there."""

    @staticmethod
    def id_range(first: int, last: int) -> Filter:
        """The document id is from `first` to `last`, both included."""

    def of_all_values(self) -> Filter:
        """Asks the condition of all values of a multi-value attribute, not of any of them. Sphinx
        2.2 knows no such filter: an agent that runs it is an error."""

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

    @staticmethod
    def plugin(name: str, options: str = "") -> Ranker:
        """Ranks by the plugin of that name, which each agent has."""

    def __eq__(self, other: object, /) -> bool:
        """True for equal rankers."""
