"""The part of `hamirror` that is written in Rust; import its names from `hamirror`.

Some of it stands in `_queries`, `_requests` and `_results`.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, Literal, TypeAlias, final, overload

from typing_extensions import Self, Unpack

from ._errors import Error
from ._options import CallOptions, ClientOptions, SearchOptions
from ._queries import Filter, Grouping, Override, Ranker, Search, Sort
from ._requests import Reply, Request, Verdict
from ._results import Answer, Row, SearchResult, Session
from .status import Status
from .types import Diagnostic, Rows

__all__ = [
    "Answer",
    "Batch",
    "Client",
    "Config",
    "Filter",
    "Grouping",
    "Override",
    "PendingReply",
    "PendingSearch",
    "PendingSearches",
    "Ranker",
    "Reply",
    "Request",
    "Row",
    "Search",
    "SearchResult",
    "Session",
    "Sort",
    "Upkeep",
    "Verdict",
    "__version__",
    "_restored_result",
    "_restored_row",
]

__version__: Final[str]

def _restored_result(state: tuple[Any, ...]) -> SearchResult: ...
def _restored_row(state: tuple[Any, ...]) -> Row: ...

# int, float, str, or a list or tuple of them; in turn or by name.
_Parameters: TypeAlias = Sequence[Any] | Mapping[str, Any]

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
    `os.fork` it works in the child too: there it begins with what the parent knew of its hosts,
    with counters of its own, and leaves the parent's sockets alone; a batch that was under way
    raises `MisuseError` there, and one between `run` and `join` keeps its descriptors open until
    the child ends.
    """

    def __new__(cls, config: Config, **options: Unpack[ClientOptions]) -> Self:
        """A client; `options` are those of `ClientOptions`."""

    def search(
        self,
        index: str,
        query: str,
        *,
        local: Callable[[str, bytes], bytes | tuple[int, bytes]] | None = None,
        **options: Unpack[SearchOptions],
    ) -> SearchResult:
        """Searches all agents of an index and merges their answers as a master does.

        `local` searches a local index of it while the agents work: it gets its name and the body
        of the SEARCH request that an agent would get (version 0x11f), and returns the body of the
        reply, or its version and the body. It may raise `LocalError`, which is told as that
        index's failure; any other exception ends the search. `options` are those of
        `SearchOptions`.

        Agents that gave no answer are told in `warning` and `failures`, unless `completeness`
        demands them or none is left: `UnansweredError`, `TimedOutError`, or `QueryError` where
        the query is at fault. `RequestError` if the search is refused before it is sent,
        `NotFoundError` for an unknown index.
        """

    @overload
    def search_all(
        self,
        index: str,
        searches: Iterable[Search],
        *,
        return_exceptions: Literal[False] = False,
        **options: Unpack[CallOptions],
    ) -> list[SearchResult]:
        """Runs several searches of the same agents in one request to each, and waits. A daemon
        does once what they have in common.

        Parameters
        ----------
        index : str
            A distributed index, or a list of them.
        searches : iterable of Search
            1 to 32 searches.
        return_exceptions : bool, default False
            Puts what went wrong with one search in its place, and does not raise it.
        **options
            Those of `CallOptions`.

        Returns
        -------
        list of SearchResult
            In the order of the searches.

        Raises
        ------
        Error
            What `search` raises. A select list that a daemon can't read fails all of them;
            a query text, or a filter of a column that is not there, fails alone.
        """

    @overload
    def search_all(
        self,
        index: str,
        searches: Iterable[Search],
        *,
        return_exceptions: bool,
        **options: Unpack[CallOptions],
    ) -> list[SearchResult | Error]: ...
    def execute(
        self,
        statement: str,
        parameters: _Parameters | None = None,
        /,
        **options: Unpack[CallOptions],
    ) -> tuple[Answer, ...]:
        """Runs a statement of SphinxQL, or several between semicolons; an answer for each.

        Searches go to all agents over the binary API; `SHOW META`, `SHOW WARNINGS`, `SHOW STATUS`,
        `SHOW AGENT STATUS`, `SHOW TABLES` and `DESCRIBE` are answered by the library. Each `FACET`
        has an answer of its own. `parameters` are values for `?` or `%s` in turn, or by name for
        `:name` or `%(name)s`; they are never read as a part of the statement. `options` are those
        of `CallOptions`.

        `StatementError` has the place of what is no statement, or can't be done here; otherwise it
        raises what `search` does.
        """

    def session(self) -> Session:
        """A session of SphinxQL, which remembers its last search for `SHOW META`."""

    def call(
        self, index: str, agent: int, request: Request, **options: Unpack[CallOptions]
    ) -> Reply:
        """Asks one agent of an index, by its number from 0; raises what `search` does.

        `options` are those of `CallOptions`.
        """

    def batch(self) -> Batch:
        """An empty batch: many calls under way at once."""

    def upkeep(self) -> Upkeep:
        """Pings and sends to blackholes, for a program that drives them itself: with
        `background=False` only, and one at a time; `MisuseError` otherwise."""

    def status(self) -> Status:
        """The record of every host, as it is now; waits for nothing."""

    def show(
        self, statement: str, *, flavour: Literal["sphinx", "manticore"] | None = None
    ) -> Rows:
        """Rows of `SHOW AGENT STATUS`, `SHOW AGENT 'name' STATUS` or `SHOW STATUS`, each with or
        without `LIKE 'pattern'`. They have the keys and formats of that daemon (2.2.11 unless
        given); `RequestError` for any other statement."""

    def prometheus(self) -> str:
        """The record of every host as text for Prometheus, version 0.0.4.

        It is of this client in this process alone: each process of a prefork server has its own,
        to be scraped or labelled one by one.
        """

    def set_log(
        self,
        log: Callable[[int, str], object] | None,
        *,
        level: Literal["warning", "info", "debug"] | None = None,
    ) -> None:
        """Tells what happens to hosts and configuration to a function from now on, such as
        `logging.getLogger("hamirror").log`; `None` ends it.

        It gets the level as `logging` numbers it and a line, on whatever thread something
        happens, and should be quick. `level` is the last kind that is told, `info` unless given;
        `debug` has each failed attempt. What it raises goes to `sys.unraisablehook`. A forked
        child begins without it, and it is not called any more while the interpreter ends. One
        that refers to the client, as a method of its owner does, keeps it until `close()`.
        """

    def flush_hostnames(self) -> None:
        """Looks all host names up again, as `FLUSH HOSTNAMES` of a daemon does: in the
        background, or without that by the next new connection to each."""

    def set_addresses(self, host: str, addresses: Iterable[str]) -> None:
        """Says where a host of the configuration listens, by the name it has there
        (`box1:9312`), in place of what look-ups say.

        Addresses are `10.0.0.1:9312`, `[::1]:9312`, or without a port, in whose place the host's
        own is taken; they are tried in this order. An empty list returns to look-ups.
        `NotFoundError` for an unknown host, `RequestError` for what is no address.
        """

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
    when it is readable, or `timeout` has passed, call `drive()`. Or leave it to a thread of the
    library by `run()` while the program works, and take it back by `join()`. It is a context
    manager that closes itself, which ends what still runs. Use by two threads at once raises
    `MisuseError`.
    """

    def add_search(
        self, index: str, query: str, **options: Unpack[SearchOptions]
    ) -> PendingSearch:
        """Starts a search of every agent of an index; `options` are those of `SearchOptions`."""

    def add_searches(
        self, index: str, searches: Iterable[Search], **options: Unpack[CallOptions]
    ) -> PendingSearches:
        """Starts several searches of the same agents in one request to each, 32 at most; `options`
        are those of `CallOptions`."""

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

    def wait_sent(self, timeout: float | timedelta | None = None) -> bool:
        """Waits until every request is on its way; `False` if the time is up before. The agents
        work while this thread does something else. Nobody fails over or looks at deadlines
        meanwhile: what takes longer than a moment is for `run()`."""

    def run(self) -> None:
        """Leaves the batch to a thread of the library, and returns at once. It sends, reads, fails
        over, hedges and keeps deadlines while the program works.

        Until `join()`, all else raises `MisuseError`, but for `close()`, `fileno()`, and what is
        for local indexes. Callbacks of its requests are called on that thread. Each batch that
        runs has one of its own, which needs the GIL for callbacks alone. `ResourceError` if the
        system gives no thread: then the batch is as it was.
        """

    def join(self, timeout: float | timedelta | None = None) -> bool:
        """Waits for everything to end and takes the batch back; `False` if the time is up before.
        Then it is back too, and what still runs is the program's to wait for, or to leave to a
        thread again.

        Searches and replies that have ended are handed out as ever, by iteration or `drive()`. If
        Ctrl-C ends the wait, the batch still runs. `MisuseError` for one that does not, and in a
        callback of its own requests.
        """

    def locals(self, search: PendingSearch) -> tuple[str, ...]:
        """Local indexes of a search that nobody has searched.

        The program may, and hand in what they answer by `add_local` or `fail_local` before it
        next waits for, drives or joins the batch, which ends searches whose agents are done;
        those that are left are named in the result's warning. `MisuseError` for a search that does
        not run in this batch.
        """

    def local_request(self, search: PendingSearch, local: str) -> bytes:
        """The body of a SEARCH request (version 0x11f) for a local index, as an agent would get
        it. `NotFoundError` if the search has no such local index."""

    def add_local(
        self, search: PendingSearch, local: str, body: bytes, *, version: int | None = None
    ) -> None:
        """Hands in what a local index answered: the body of its reply, and its version, that of
        the request unless given. `RequestError` if that is malformed."""

    def fail_local(self, search: PendingSearch, local: str, text: str) -> None:
        """Says why a local index has no answer."""

    def drive(self) -> list[PendingSearch | PendingSearches | PendingReply]:
        """Does what is to be done now, without waiting, and returns what has ended since the last
        time. Searches and replies are those that their `add_` returned."""

    def cancel(self, pending: PendingSearch | PendingSearches | PendingReply) -> None:
        """Ends a search or a request without an answer. It comes back as what has ended does: a
        search with what its agents have answered so far, if `completeness` allows, a request
        with `UnansweredError`. One that has ended, or is another batch's, stays as it is."""

    def fileno(self) -> int:
        """Readable when `drive()` has something to do. The batch owns it: take it out of your loop
        before the batch is closed. While it runs on a thread it is readable for moments, which
        mean nothing; once all calls have ended, for good."""

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

    def __next__(self) -> PendingSearch | PendingSearches | PendingReply:
        """Waits for the next search or reply to end."""

    def __enter__(self) -> Self:
        """The batch."""

    def __exit__(self, *_exception: object) -> None:
        """Closes it."""

@final
class Upkeep:
    """Pings, and sends to blackholes, of a client without a background thread; made by
    `Client.upkeep`.

    Put `fileno()` into an event loop: when it is readable, or `timeout` has passed, call
    `drive()`; or call `wait()` in a thread of yours. It is a context manager that closes itself.
    Use by two threads at once raises `MisuseError`.
    """

    def fileno(self) -> int:
        """Readable when `drive()` has something to do. The upkeep owns it: take it out of your
        loop before the upkeep is closed."""

    @property
    def timeout(self) -> float | None:
        """Seconds after which `drive()` is due even if `fileno()` stays quiet; `None` if nothing
        is."""

    def drive(self) -> None:
        """Does what is to be done now, without waiting."""

    def wait(self, limit: float | timedelta) -> None:
        """Does what is to be done for so long, waiting for it."""

    def close(self) -> None:
        """Ends the upkeep, which the client hands out anew then. Any further use raises
        `MisuseError`. Closing twice does nothing."""

    def __enter__(self) -> Self:
        """The upkeep."""

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
        """True once the search has ended; its batch finds out while it waits or is driven."""

    def result(self) -> SearchResult:
        """The merged result, or what went wrong as an exception; `MisuseError` while it runs."""

@final
class PendingSearches:
    """Several searches in one request to each agent, under way in a batch. Their results stay here
    when the batch is closed."""

    @property
    def index(self) -> str:
        """Distributed index that is searched."""

    @property
    def done(self) -> bool:
        """True once the searches have ended; their batch finds out while it waits or is driven."""

    @overload
    def results(self, *, return_exceptions: Literal[False] = False) -> list[SearchResult]:
        """The merged result of each search, in their order; `MisuseError` while they run. What
        went wrong with one is raised, or stands in its place with `return_exceptions`."""

    @overload
    def results(self, *, return_exceptions: bool) -> list[SearchResult | Error]: ...

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
        """True once the request has ended; its batch finds out while it waits or is driven."""

    def result(self) -> Reply:
        """The reply, or what went wrong as an exception; `MisuseError` while it runs."""
