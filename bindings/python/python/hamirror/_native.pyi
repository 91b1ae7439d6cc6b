"""The part of `hamirror` that is written in Rust; import its names from `hamirror`."""

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar, Final, Literal, TypeAlias, final, overload

from typing_extensions import Self, Unpack

from ._options import CallOptions, ClientOptions, SearchOptions
from ._records import AgentFailure, Column, Diagnostic, Status, Word

__all__ = [
    "Batch",
    "Client",
    "Config",
    "Filter",
    "PendingReply",
    "PendingSearch",
    "Ranker",
    "Reply",
    "Request",
    "Row",
    "SearchResult",
    "Sort",
    "__version__",
]

__version__: Final[str]

# What a column holds, only the writer of the query knows.
_Value: TypeAlias = Any
_Command: TypeAlias = Literal[
    "search", "excerpt", "update", "keywords", "status", "flushattrs", "sphinxql", "ping"
]

_Reading: TypeAlias = Literal["strict", "sphinx", "manticore"]

@final
class Config:
    """A validated configuration: of a `sphinx.conf` or `manticore.conf`, the `searchd` section
    and every distributed index. It never changes.

    `reading` says by whose rules it is read. Strictly, what either daemon takes as it is written
    is taken, and anything else is a fault or a warning. As "sphinx" (searchd 2.2.11) and as
    "manticore", what the daemon skips is skipped with a warning, and what keeps it from starting
    is a fault.
    """

    @staticmethod
    def read(path: str | os.PathLike[str], *, reading: _Reading = "strict") -> Config:
        """Reads a file. `ConfigError` lists all its faults; one that can't be read is a
        `ResourceError`."""

    @staticmethod
    def parse(text: str, *, name: str = "<text>", reading: _Reading = "strict") -> Config:
        """Reads a text; errors and warnings call it `name`."""

    @staticmethod
    def build(
        sections: Mapping[str, Mapping[str, str | int | Iterable[str]]],
        *,
        reading: _Reading = "strict",
    ) -> Config:
        """Puts a configuration together: `{"searchd": {key: value}, "an index": {"agent": [..]}}`.

        Sections are `searchd` and names of distributed indexes; keys and values are those of a
        file. A key that may stand there several times takes several values.
        """

    @property
    def indexes(self) -> tuple[str, ...]:
        """Names of the distributed indexes, in the order of the text."""

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """Oddities that do not stop anything, each with its place."""

@final
class Client:
    """Asks distributed indexes; any number of threads may share it.

    It is a context manager that closes itself. Nothing is connected before the first call.
    Waiting releases the GIL; Ctrl-C ends it, and what was under way is taken back. After
    `os.fork` it works in the child too: there it begins anew, with empty records, and leaves the
    parent's sockets alone; a batch that was under way raises `MisuseError` there.
    """

    def __new__(cls, config: Config, **options: Unpack[ClientOptions]) -> Self:
        """A client; `options` are those of `ClientOptions`."""

    def search(self, index: str, query: str, **options: Unpack[SearchOptions]) -> SearchResult:
        """Searches all agents of an index and merges their answers as a master does.

        `options` are those of `SearchOptions`. Agents that gave no answer are told in `warning`
        and `failures`, unless `completeness` demands them or none is left: `UnansweredError`,
        `TimedOutError`, or `QueryError` where the query is at fault. `RequestError` if the
        search is refused before it is sent, `NotFoundError` for an unknown index.
        """

    def call(
        self, index: str, agent: int, request: Request, **options: Unpack[CallOptions]
    ) -> Reply:
        """Asks one agent of an index, by its number from 0; raises what `search` does.

        `options` are those of `CallOptions`.
        """

    def batch(self) -> Batch:
        """An empty batch: many calls under way at once."""

    def status(self) -> Status:
        """The record of every host, as it is now; waits for nothing."""

    def reload(self, config: Config) -> None:
        """Takes over a new configuration. Calls under way end as they began; hosts that stay keep
        their record and their connections."""

    @property
    def indexes(self) -> tuple[str, ...]:
        """Names of the distributed indexes, sorted."""

    def close(self) -> None:
        """Ends the client: its connections and its thread go when the last call and the last
        batch has ended, and any further use raises `MisuseError`. Closing twice does nothing."""

    def __enter__(self) -> Self:
        """The client."""

    def __exit__(self, *_exception: object) -> None:
        """Closes it."""

@final
class Batch:
    """Many calls under way at once, driven by one thread at a time; made by `Client.batch`.

    Wait for all of them, iterate over them as they end, or put `fileno()` into an event loop:
    when it is readable, or `timeout` has passed, call `drive()`. It is a context manager that
    closes itself, which ends what still runs. Use by two threads at once raises `MisuseError`.
    """

    def add_search(
        self, index: str, query: str, **options: Unpack[SearchOptions]
    ) -> PendingSearch:
        """Starts a search of every agent of an index; `options` are those of `SearchOptions`."""

    def add_index(
        self, index: str, request: Request, **options: Unpack[CallOptions]
    ) -> list[PendingReply]:
        """Starts a request to every agent of an index: a read to one mirror of each, a write to
        all mirrors of each. `options` are those of `CallOptions`."""

    def add_agent(
        self, index: str, agent: int, request: Request, **options: Unpack[CallOptions]
    ) -> PendingReply:
        """Starts a request to one agent of an index, by its number from 0; `options` are those of
        `CallOptions`."""

    def wait(self, timeout: float | timedelta | None = None) -> bool:
        """Waits for everything to end; `False` if the time is up before."""

    def drive(self) -> list[PendingSearch | PendingReply]:
        """Does what is to be done now, without waiting, and returns what has ended since the last
        time: searches and replies as their `add_` returned them."""

    def fileno(self) -> int:
        """Readable when `drive()` has something to do. The batch owns it: take it out of your loop
        before the batch is closed."""

    @property
    def timeout(self) -> float | None:
        """Seconds after which `drive()` is due even if `fileno()` stays quiet; `None` while
        nothing runs."""

    @property
    def pending(self) -> int:
        """Calls that have not ended; a search has one for each agent."""

    def close(self) -> None:
        """Ends what still runs. Any further use raises `MisuseError`; what has ended keeps its
        result. Closing twice does nothing."""

    def __iter__(self) -> Self:
        """The batch: what has ended, as it ends, until nothing runs."""

    def __next__(self) -> PendingSearch | PendingReply:
        """Waits for the next search or reply to end."""

    def __enter__(self) -> Self:
        """The batch."""

    def __exit__(self, *_exception: object) -> None:
        """Closes it."""

@final
class PendingSearch:
    """A search under way in a batch. Its result stays here when the batch is closed."""

    @property
    def index(self) -> str:
        """Distributed index that is searched."""

    @property
    def done(self) -> bool:
        """It has ended, well or not; its batch finds out while it waits or is driven."""

    def result(self) -> SearchResult:
        """The merged result, or what went wrong as an exception; `MisuseError` while it runs."""

@final
class PendingReply:
    """A request to one agent, under way in a batch. Its reply stays here when the batch is
    closed."""

    @property
    def index(self) -> str:
        """Distributed index of the agent."""

    @property
    def agent(self) -> int:
        """Number of the agent in its index, from 0."""

    @property
    def done(self) -> bool:
        """It has ended, well or not; its batch finds out while it waits or is driven."""

    def result(self) -> Reply:
        """The reply, or what went wrong as an exception; `MisuseError` while it runs."""

@final
class SearchResult:
    """What all agents say together: a sequence of rows, and facts about the search.

    It never changes. Rows and values become objects when they are looked at, each time anew.
    """

    @property
    def total(self) -> int:
        """Rows that offset and limit chose from: at most `max_matches`."""

    @property
    def total_found(self) -> int:
        """Matching documents; one that two agents sent counts once."""

    @property
    def time_ms(self) -> int:
        """Sum of the times that the agents took."""

    @property
    def warning(self) -> str | None:
        """Everything that went wrong without ending the search, as a master words it."""

    @property
    def agents_answered(self) -> int:
        """Agents that answered."""

    @property
    def agents(self) -> int:
        """Agents that were asked."""

    @property
    def failures(self) -> tuple[AgentFailure, ...]:
        """Why the others did not answer."""

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

@final
class Row:
    """A row of a result: document id, weight, and a mapping of column names to values.

    Integers are `int`, floats `float`, truth values `bool`, sets `list`, ranking factors `bytes`.
    Texts are `str`: bytes that are no UTF-8 become lone surrogates (`surrogateescape`), which
    turn back where such a `str` is handed in. JSON is the `str` that a daemon prints. A JSON
    field that is not there is `None`.
    """

    @property
    def id(self) -> int:
        """Document id."""

    @property
    def weight(self) -> int:
        """Weight of the match."""

    def keys(self) -> tuple[str, ...]:
        """Names of the columns."""

    def values(self) -> tuple[_Value, ...]:
        """Values in the order of the columns."""

    def as_dict(self) -> dict[str, _Value]:
        """Values by the names of their columns."""

    def __len__(self) -> int:
        """How many columns."""

    def __getitem__(self, name: str, /) -> _Value:
        """The value in the column of that name."""

    def __contains__(self, name: object, /) -> bool:
        """Whether there is a column of that name."""

    def __iter__(self) -> Iterator[str]:
        """Names of the columns."""

@final
class Filter:
    """A condition that every document must meet; with `exclude`, must not meet.

    Attributes are those of the index; `id` is the document id.
    """

    @staticmethod
    def values(attribute: str, values: Iterable[int], *, exclude: bool = False) -> Filter:
        """The attribute is one of these."""

    @staticmethod
    def range(attribute: str, first: int, last: int, *, exclude: bool = False) -> Filter:
        """The attribute is from `first` to `last`, both included."""

    @staticmethod
    def float_range(attribute: str, first: float, last: float, *, exclude: bool = False) -> Filter:
        """The float attribute is from `first` to `last`, both included, in 32 bits each."""

    @staticmethod
    def string(attribute: str, text: str, *, exclude: bool = False) -> Filter:
        """The string attribute equals `text` by the daemon's collation."""

    @staticmethod
    def id_range(first: int, last: int) -> Filter:
        """The document id is from `first` to `last`, both included."""

    def __eq__(self, other: object, /) -> bool:
        """The same condition."""

@final
class Sort:
    """The order of rows; ties go to the lower document id."""

    RELEVANCE: ClassVar[Sort]
    """Weight, best first."""

    @staticmethod
    def descending(attribute: str) -> Sort:
        """This attribute of the select list, highest first, then weight."""

    @staticmethod
    def ascending(attribute: str) -> Sort:
        """This attribute of the select list, lowest first, then weight."""

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
        """The same order."""

@final
class Ranker:
    """How matches are weighed."""

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
        """This expression."""

    @staticmethod
    def export(expression: str) -> Ranker:
        """This expression; the factors are kept for the select list."""

    def __eq__(self, other: object, /) -> bool:
        """The same weighing."""

@final
class Request:
    """Any command as the caller's own bytes, the same for each mirror."""

    @overload
    def __new__(
        cls,
        command: _Command,
        body: bytes = b"",
        *,
        access: Literal["read", "write"],
        version: int | None = None,
    ) -> Self:
        """A command by its name; the version is the library's unless given. `access` says if it
        may be sent again when its fate is unknown ("read"), or goes once ("write")."""

    @overload
    def __new__(
        cls,
        command: int,
        body: bytes = b"",
        *,
        access: Literal["read", "write"],
        version: int,
    ) -> Self:
        """A command by its number."""

@final
class Reply:
    """A whole reply of one agent."""

    @property
    def host(self) -> str | None:
        """The mirror's host that answered, as the configuration names it."""

    @property
    def status(self) -> Literal["ok", "warning"]:
        """`warning` if the daemon sent one with its answer."""

    @property
    def version(self) -> int:
        """The daemon's own version of the command."""

    @property
    def warning(self) -> str | None:
        """Text of a reply with status `warning`."""

    @property
    def body(self) -> bytes:
        """The command's answer, without the warning text."""
