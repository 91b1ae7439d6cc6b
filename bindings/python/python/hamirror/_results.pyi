"""Results and answers, and the sessions that give them; import its names from `hamirror`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar, final, overload

from typing_extensions import Self, Unpack

from ._options import CallOptions
from .types import AgentFailure, AgentOutcome, Column, Coverage, Word

__all__ = ["Answer", "Row", "SearchResult", "Session"]

# What a column holds, only the writer of the query knows.
_Value: TypeAlias = Any

# int, float, str, or a list or tuple of them; in turn or by name.
_Parameters: TypeAlias = Sequence[Any] | Mapping[str, Any]

_Default = TypeVar("_Default")

@final
class SearchResult:
    """The merged result of a search: a sequence of rows, and facts about the search.

    It never changes. Rows and values become objects when they are looked at, each time anew.

    Columns become those of a data frame at once, without an object for each value (`to_arrow`,
    `to_pandas`, `to_polars`, `to_numpy`). Document id and weight come first there, unless a column
    has that name.
    """

    @property
    def total(self) -> int:
        """Rows that offset and limit chose from: at most `max_matches`."""

    @property
    def total_found(self) -> int:
        """Matching documents; one that two agents sent counts once."""

    @property
    def time_s(self) -> float:
        """Sum of the times that the agents took, in seconds."""

    @property
    def warning(self) -> str | None:
        """Everything that went wrong without ending the search, as a master words it, and what the
        result lacks. That is columns that not all agents have, rows beyond `max_matches` or a
        `cutoff`."""

    @property
    def agents_answered(self) -> int:
        """Agents that answered in full. An agent that is a master itself and warns of agents that
        it could not get is not one of them, though its rows are here."""

    @property
    def agents(self) -> int:
        """Agents that were asked."""

    @property
    def failures(self) -> tuple[AgentFailure, ...]:
        """Why the others did not answer, or not in full."""

    @property
    def outcomes(self) -> tuple[AgentOutcome, ...]:
        """What became of each agent and local index: the local ones first, then the agents in
        order."""

    @property
    def coverage(self) -> Coverage:
        """Part of the searched indexes that the result covers."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns of every row: what the select list asks for, in its order."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Full-text fields."""

    @property
    def words(self) -> tuple[Word, ...]:
        """Statistics of the query's words."""

    def __len__(self) -> int:
        """Rows in the result; a result without any is false."""

    @overload
    def __getitem__(self, key: int, /) -> Row: ...
    @overload
    def __getitem__(self, key: slice, /) -> list[Row]: ...
    def __iter__(self) -> Iterator[Row]:
        """Every row in order."""

    def to_numpy(self) -> dict[str, Any]:
        """Columns by their names, as arrays of NumPy, which has to be there.

        Returns
        -------
        dict of str to numpy.ndarray
            An array is masked where a row has no value. Numbers, truth values and times can't be
            written to. Texts, bytes and sets are arrays of objects; a set is an array.
        """

    def to_arrow(self) -> Any:
        """Columns as a `pyarrow.Table`; pyarrow has to be there.

        Raises
        ------
        TypeError
            A value is not of its column's kind.
        """

    def to_pandas(self, **options: Any) -> Any:
        """Columns as a `pandas.DataFrame`; pandas and pyarrow have to be there.

        Parameters
        ----------
        **options
            Those of `pyarrow.Table.to_pandas`. `types_mapper=pandas.ArrowDtype` keeps whole
            numbers whole where a row has no value.
        """

    def to_polars(self) -> Any:
        """Columns as a `polars.DataFrame`; Polars has to be there."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Columns for whatever reads Arrow's PyCapsule interface: a stream of one batch. Types
        are those of the kinds, whatever schema is requested."""

    def __arrow_c_array__(self, requested_schema: Any = None) -> tuple[Any, ...]:
        """Columns as one batch of Arrow: capsules of its schema and its columns."""

    def __arrow_c_schema__(self) -> Any:
        """Types of the columns, as a capsule of Arrow."""

    def __copy__(self) -> Self:
        """The result: it never changes, and its values are new objects each time."""

    def __deepcopy__(self, _memo: object) -> Self: ...
    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles facts, and the values of every row."""

    def _repr_html_(self) -> str:
        """Facts and the first rows as a table, for notebooks."""

@final
class Row(Mapping[str, _Value]):
    """A row of a result: document id, weight, and a mapping of column names to values.

    Integers are `int`, floats `float`, truth values `bool`, sets `list`, ranking factors `bytes`.
    Texts are `str`: bytes that are no UTF-8 become lone surrogates (`surrogateescape`), which
    turn back where such a `str` is handed in. JSON is the `str` that a daemon prints. A JSON
    field that is null or not there is `None`, and so is an attribute without a document.

    It is a `collections.abc.Mapping`, so that `dict(row)`, `json.dumps(dict(row))` and
    `pandas.DataFrame(result)` do what one expects.
    """

    @property
    def id(self) -> int:
        """Document id."""

    @property
    def weight(self) -> int:
        """Weight of the match."""

    def keys(self) -> tuple[str, ...]:  # type: ignore[override]
        """Names of the columns."""

    def values(self) -> tuple[_Value, ...]:  # type: ignore[override]
        """Values in the order of the columns."""

    def items(self) -> tuple[tuple[str, _Value], ...]:  # type: ignore[override]
        """Names and values in the order of the columns."""

    @overload
    def get(self, name: str, /) -> _Value | None: ...
    @overload
    def get(self, name: str, default: _Default, /) -> _Value | _Default: ...
    def __eq__(self, other: object, /) -> bool:
        """As mappings are: the same names with equal values."""

    def as_dict(self) -> dict[str, _Value]:
        """Values by the names of their columns."""

    def __len__(self) -> int:
        """Number of columns."""

    def __getitem__(self, name: str, /) -> _Value:
        """The value in the column of that name."""

    def __contains__(self, name: object, /) -> bool:
        """Returns True if there is a column of that name."""

    def json(self, name: str) -> Any:
        """The JSON document, or the field of one, in the column of that name, as Python's values.

        Parameters
        ----------
        name : str
            The column: a JSON attribute, or an alias of a field of one.

        Returns
        -------
        dict, list, str, int, float, bool or None
            None for null and for what is not there.

        Raises
        ------
        KeyError
            No column has that name.
        TypeError
            The value is no JSON.
        """

    def __iter__(self) -> Iterator[str]:
        """Names of the columns."""

    def __copy__(self) -> Self:
        """The row: it never changes, and its values are new objects each time."""

    def __deepcopy__(self, _memo: object) -> Self: ...
    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles the values of this row alone."""

@final
class Session:
    """Runs statements of SphinxQL one after the other, and remembers the last search.

    One thread at a time may use it: `MisuseError` otherwise.
    """

    def execute(
        self,
        statement: str,
        parameters: _Parameters | None = None,
        /,
        **options: Unpack[CallOptions],
    ) -> tuple[Answer, ...]:
        """Runs statements as `Client.execute` does."""

    def start(
        self,
        statement: str,
        parameters: _Parameters | None = None,
        /,
        **options: Unpack[CallOptions],
    ) -> None:
        """Starts statements for an event loop, and takes back those that are under way; `drive()`
        runs them. What is no statement is told here; otherwise as `Client.execute`."""

    def drive(self) -> tuple[Answer, ...] | None:
        """Reads and writes what sockets are ready for, and returns an answer for each statement.
        `None` while agents are at work: call it again when `fileno()` is readable or `timeout` has
        passed."""

    def fileno(self) -> int:
        """Readable when `drive()` has something to do; `MisuseError` while no agent is at work.
        Each statement has one of its own: ask for it after each `drive()`, and take it out of
        your loop before the next."""

    @property
    def timeout(self) -> float | None:
        """Seconds after which `drive()` is due even if `fileno()` stays quiet; `None` while
        nothing is under way."""

    def cancel(self) -> None:
        """Takes back the statements that are under way."""

@final
class Answer:
    """The answer to a statement: a sequence of rows, each a tuple of values as `Row` has them.

    It never changes. Rows and values become objects when they are looked at, each time anew.
    """

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns of every row, under the names that a master gives them."""

    @property
    def total(self) -> int | None:
        """Rows that offset and limit chose from; `None` for what the library tells of itself."""

    @property
    def total_found(self) -> int | None:
        """Matching documents, or documents that a statement changed, of each agent once; `None`
        for what the library tells of itself."""

    @property
    def warning(self) -> str | None:
        """Everything that went wrong without ending the statement, as a master words it."""

    @property
    def agents_answered(self) -> int:
        """Agents that answered in full."""

    @property
    def agents(self) -> int:
        """Agents that were asked."""

    @property
    def failures(self) -> tuple[AgentFailure, ...]:
        """Why the others did not answer, or not in full."""

    @property
    def outcomes(self) -> tuple[AgentOutcome, ...]:
        """What became of each agent and local index of a search; empty for what is none."""

    @property
    def coverage(self) -> Coverage | None:
        """Part of the searched indexes that the answer to a search covers; `None` for what is
        none."""

    def __len__(self) -> int:
        """Rows in the answer; one without any is false."""

    @overload
    def __getitem__(self, key: int, /) -> tuple[_Value | None, ...]: ...
    @overload
    def __getitem__(self, key: slice, /) -> list[tuple[_Value | None, ...]]: ...
    def __iter__(self) -> Iterator[tuple[_Value | None, ...]]:
        """Every row in order."""

    def to_numpy(self) -> dict[str, Any]:
        """Columns by their names, as arrays of NumPy, which has to be there.

        Returns
        -------
        dict of str to numpy.ndarray
            An array is masked where a row has no value. Numbers, truth values and times can't be
            written to. Texts, bytes and sets are arrays of objects; a set is an array.
        """

    def to_arrow(self) -> Any:
        """Columns as a `pyarrow.Table`; pyarrow has to be there.

        Raises
        ------
        TypeError
            A value is not of its column's kind.
        """

    def to_pandas(self, **options: Any) -> Any:
        """Columns as a `pandas.DataFrame`; pandas and pyarrow have to be there.

        Parameters
        ----------
        **options
            Those of `pyarrow.Table.to_pandas`. `types_mapper=pandas.ArrowDtype` keeps whole
            numbers whole where a row has no value.
        """

    def to_polars(self) -> Any:
        """Columns as a `polars.DataFrame`; Polars has to be there."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Columns for whatever reads Arrow's PyCapsule interface: a stream of one batch. Types
        are those of the kinds, whatever schema is requested."""

    def __arrow_c_array__(self, requested_schema: Any = None) -> tuple[Any, ...]:
        """Columns as one batch of Arrow: capsules of its schema and its columns."""

    def __arrow_c_schema__(self) -> Any:
        """Types of the columns, as a capsule of Arrow."""
