"""Many calls at once, and what is done beside them; import its names from `hamirror`."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Generic, Literal, TypeVar, final, overload

from typing_extensions import Self, Unpack

from ._errors import Error
from ._options import CallOptions, SearchOptions
from ._queries import Search
from ._requests import Reply, Request
from ._results import SearchResult

__all__ = [
    "Batch",
    "PendingCommand",
    "PendingReply",
    "PendingSearch",
    "PendingSearches",
    "Upkeep",
]

_Outcome_co = TypeVar("_Outcome_co", covariant=True)

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
        """Reads and writes what sockets are ready for, and returns what has ended since the last
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

@final
class PendingCommand(Generic[_Outcome_co]):
    """What is asked beside searches, under way; made by `Client.start_excerpts` and its like.

    Wait for it, or put `fileno()` into an event loop: when it is readable, or `timeout` has
    passed, call `drive()`. One that is dropped is taken back; what agents have got of it stays
    done. Use by two threads at once raises `MisuseError`.
    """

    def wait(self, timeout: float | timedelta | None = None) -> bool:
        """Waits for the command to end; `False` if the time is up before."""

    def drive(self) -> bool:
        """Reads and writes what sockets are ready for; `True` once the command has ended."""

    def result(self) -> _Outcome_co:
        """What came of the command, or what went wrong as an exception; `MisuseError` while it is
        under way."""

    @property
    def done(self) -> bool:
        """True once the command has ended; it finds out while it waits or is driven."""

    def fileno(self) -> int:
        """Readable when `drive()` has something to do; `MisuseError` while no agent is at work.
        Some commands ask several times, each time with another descriptor. Ask for it after each
        `drive()`, and take it out of your loop before the next."""

    @property
    def timeout(self) -> float | None:
        """Seconds after which `drive()` is due even if `fileno()` stays quiet; `None` once the
        command has ended."""

    def cancel(self) -> None:
        """Takes the command back, unless it has ended."""

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
        """Reads and writes what sockets are ready for, without waiting."""

    def wait(self, limit: float | timedelta) -> None:
        """Drives the upkeep until that time is over."""

    def close(self) -> None:
        """Ends the upkeep, which the client hands out anew then. Any further use raises
        `MisuseError`. Closing twice does nothing."""

    def __enter__(self) -> Self:
        """The upkeep."""

    def __exit__(self, *_exception: object) -> None:
        """Closes it."""
