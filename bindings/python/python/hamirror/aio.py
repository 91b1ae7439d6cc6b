"""The client for asyncio: the names of `hamirror`, with `await` and `async with`.

    import asyncio
    import hamirror.aio

    async def main():
        async with hamirror.aio.connect("sphinx.conf") as client:
            result = await client.search("dist", "hello world")
            print(result.total_found)

    asyncio.run(main())

Agents are watched by the loop's own selector, and no call takes a thread. A task that is
cancelled, as by `asyncio.timeout`, takes its call back. Records, options and errors are those of
`hamirror`.

All calls of a client on one loop are in one batch: one descriptor for the loop to watch, and one
set of connections for all of them. The batch is there while calls run. So a loop may be closed,
and a process forked, whenever none does. A client may be used on several loops, each in its own
thread, and by other threads through `Client.blocking`. Answers are merged on the loop's thread.

For trio and anyio, drive a `Batch` of `hamirror` by `anyio.wait_readable`: the guide has it.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import os
import threading
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from ._aio import Batch, Session
from ._connect import connect as _connect
from ._errors import LocalError, MisuseError, RequestError, ResourceError
from ._loops import Calls, outcome
from ._native import Client as _Client

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
    from typing import TypeAlias

    from typing_extensions import Self, Unpack

    from ._errors import Error
    from ._native import Batch as _Batch
    from ._native import Config, PendingReply, PendingSearch, PendingSearches, Upkeep
    from ._options import CallOptions, ClientOptions, ExcerptOptions, SearchOptions
    from ._queries import Search
    from ._requests import Reply, Request
    from ._results import Answer, SearchResult
    from .status import Status
    from .types import Keywords, Mirrored, Rows, Written

    # The body of a reply, alone or behind its version.
    _LocalAnswer: TypeAlias = bytes | tuple[int, bytes]
    _Local: TypeAlias = Callable[[str, bytes], _LocalAnswer | Awaitable[_LocalAnswer]]
    _Parameters: TypeAlias = Sequence[Any] | Mapping[str, Any]

_Added = TypeVar("_Added", bound="PendingSearch | PendingSearches | PendingReply")

__all__ = ["Batch", "Client", "Session", "connect"]


def connect(
    config: str | os.PathLike[str] | Config | None = None,
    /,
    *,
    agents: Mapping[str, str | Iterable[str]] | None = None,
    reading: Literal["strict", "sphinx", "manticore"] = "strict",
    status_socket: str | os.PathLike[str] | None = None,
    **options: Unpack[ClientOptions],
) -> Client:
    """Makes a client as `hamirror.connect` does; a file is read at once.

    Parameters
    ----------
    config : path or Config, optional
        A file such as `sphinx.conf`, or what `Config` has read.
    agents : mapping of str to str or iterable of str, optional
        Agents by the name of their distributed index, in place of a configuration.
    reading : "strict", "sphinx" or "manticore", default "strict"
        By whose rules a file is read.
    status_socket : path, optional
        Where this client tells other processes what it knows, as that of `hamirror.connect`.
    **options
        Those of `ClientOptions`.

    Returns
    -------
    Client
        To be closed, as by `async with`.

    Raises
    ------
    TypeError
        Neither or both of `config` and `agents` are given.
    ConfigError, ResourceError
        The configuration was refused, or can't be read.
    """
    blocking = _connect(
        config, agents=agents, reading=reading, status_socket=status_socket, **options
    )
    return Client.of(blocking)


class Client:
    """Asks distributed indexes from tasks of any number of loops.

    It is an asynchronous context manager that closes itself. Nothing is connected before the
    first call.
    """

    def __init__(self, config: Config, **options: Unpack[ClientOptions]) -> None:
        """A client; `options` are those of `ClientOptions`."""
        self._begin(_Client(config, **options))

    @classmethod
    def of(cls, client: _Client) -> Self:
        """A client that shares hosts, connections and settings with one whose calls wait."""
        made = cls.__new__(cls)
        made._begin(client)
        return made

    def _begin(self, blocking: _Client) -> None:
        self.blocking = blocking
        """The client whose calls wait, for other threads. Both are closed together."""
        self._is_closed = False
        self._loops: dict[asyncio.AbstractEventLoop, Calls] = {}
        # A collection of garbage may end calls of a closed loop while this thread holds it.
        self._lock = threading.RLock()

    async def search(
        self,
        index: str,
        query: str,
        *,
        local: _Local | None = None,
        **options: Unpack[SearchOptions],
    ) -> SearchResult:
        """Searches all agents of an index and merges their answers as a master does.

        Parameters
        ----------
        index : str
            A distributed index, or a list of them.
        query : str
            The full-text query.
        local : callable, optional
            Searches a local index, as that of `hamirror.Client.search` does; it may be a coroutine
            function. A thread of the library drives the agents until it has returned, for the
            loop may be busy in it.
        **options
            Those of `SearchOptions`.

        Returns
        -------
        SearchResult
            Agents that gave no answer are told in its `warning` and `failures`.

        Raises
        ------
        UnansweredError, TimedOutError, QueryError
            Agents gave no answer, and `completeness` demands them or none is left.
        RequestError, NotFoundError
            The search is refused before it is sent, or the index is unknown.
        """
        if local is not None:
            return await self._search_locals(index, query, local, options)
        return (await self._ask(lambda to: to.add_search(index, query, **options))).result()

    @overload
    async def search_all(
        self,
        index: str,
        searches: Iterable[Search],
        *,
        return_exceptions: Literal[False] = False,
        **options: Unpack[CallOptions],
    ) -> list[SearchResult]: ...
    @overload
    async def search_all(
        self,
        index: str,
        searches: Iterable[Search],
        *,
        return_exceptions: bool,
        **options: Unpack[CallOptions],
    ) -> list[SearchResult | Error]: ...
    async def search_all(
        self,
        index: str,
        searches: Iterable[Search],
        *,
        return_exceptions: bool = False,
        **options: Unpack[CallOptions],
    ) -> list[SearchResult] | list[SearchResult | Error]:
        """Runs several searches of the same agents in one request to each.

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
            What `search` raises. A search that a daemon can't read fails all of them.
        """
        pending = await self._ask(lambda to: to.add_searches(index, searches, **options))
        return pending.results(return_exceptions=return_exceptions)

    async def execute(
        self,
        statement: str,
        parameters: _Parameters | None = None,
        /,
        **options: Unpack[CallOptions],
    ) -> tuple[Answer, ...]:
        """Runs a statement of SphinxQL, or several between semicolons; an answer for each.

        Parameters
        ----------
        statement : str
            As `hamirror.Client.execute` takes it.
        parameters : sequence or mapping, optional
            Values for `?` or `%s` in turn, or by name for `:name` or `%(name)s`.
        **options
            Those of `CallOptions`.

        Returns
        -------
        tuple of Answer
            In the order of the statements.

        Raises
        ------
        StatementError
            Has the place of what is no statement, or can't be done here.
        Error
            What `search` raises.
        """
        return await self.session().execute(statement, parameters, **options)

    async def execute_on_agent(
        self,
        agent: int,
        statement: str,
        parameters: _Parameters | None = None,
        /,
        *,
        mirror: int | None = None,
        **options: Unpack[CallOptions],
    ) -> Mirrored[Written]:
        """Runs a change on one agent, as `hamirror.Client.execute_on_agent` does."""
        start = self.blocking.start_on_agent
        return await outcome(start(agent, statement, parameters, mirror=mirror, **options))

    async def excerpts(
        self, index: str, documents: Iterable[str], words: str, **options: Unpack[ExcerptOptions]
    ) -> list[str]:
        """Cuts an excerpt of each document, as `hamirror.Client.excerpts` does."""
        return await outcome(self.blocking.start_excerpts(index, documents, words, **options))

    async def keywords(
        self, index: str, text: str, *, statistics: bool = False, **options: Unpack[CallOptions]
    ) -> Keywords:
        """Splits a text into keywords, as `hamirror.Client.keywords` does."""
        start = self.blocking.start_keywords
        return await outcome(start(index, text, statistics=statistics, **options))

    async def update(
        self,
        index: str,
        attributes: Iterable[str],
        documents: Mapping[int, Iterable[int | Iterable[int]]],
        *,
        ignore_missing: bool = False,
        **options: Unpack[CallOptions],
    ) -> Mirrored[Written]:
        """Sets attributes of documents, as `hamirror.Client.update` does."""
        start = self.blocking.start_update
        return await outcome(
            start(index, attributes, documents, ignore_missing=ignore_missing, **options)
        )

    async def flush_attributes(self, index: str, **options: Unpack[CallOptions]) -> Mirrored[int]:
        """Has attributes written to disk, as `hamirror.Client.flush_attributes` does."""
        return await outcome(self.blocking.start_flush_attributes(index, **options))

    async def daemon_status(
        self, index: str, **options: Unpack[CallOptions]
    ) -> Mirrored[tuple[tuple[str, str], ...]]:
        """Asks daemons for their counters, as `hamirror.Client.daemon_status` does."""
        return await outcome(self.blocking.start_daemon_status(index, **options))

    def session(self) -> Session:
        """A session of SphinxQL, which remembers its last search for `SHOW META`."""
        self._check()
        return Session(self.blocking.session())

    async def call(
        self, index: str, agent: int, request: Request, **options: Unpack[CallOptions]
    ) -> Reply:
        """Asks one agent of an index, by its number from 0; raises what `search` does.

        `options` are those of `CallOptions`.
        """
        return (
            await self._ask(lambda to: to.add_agent(index, agent, request, **options))
        ).result()

    async def call_index(
        self, index: str, request: Request, **options: Unpack[CallOptions]
    ) -> list[PendingReply]:
        """Asks every agent of an index: a read one mirror of each, a write all mirrors of each.

        Each has ended, and `result()` gives its reply or raises what went wrong. `options` are
        those of `CallOptions`.
        """
        calls = self._calls()
        try:
            added = calls.batch.add_index(index, request, **options)
        except BaseException:
            calls.leave()
            raise
        if not added:
            calls.leave()
        await calls.end(added)
        return added

    def batch(self) -> Batch:
        """An empty batch on the running loop: many calls, told as they end by `async for`."""
        self._check()
        return Batch(asyncio.get_running_loop(), self.blocking.batch())

    def upkeep(self) -> Upkeep:
        """Pings and sends to blackholes, as `hamirror.Client.upkeep`."""
        return self.blocking.upkeep()

    def status(self) -> Status:
        """The record of every host, as it is now; waits for nothing."""
        return self.blocking.status()

    def show(
        self, statement: str, *, flavour: Literal["sphinx", "manticore"] | None = None
    ) -> Rows:
        """Rows of a SHOW statement, as `hamirror.Client.show` has them; waits for nothing."""
        return self.blocking.show(statement, flavour=flavour)

    def prometheus(self) -> str:
        """The record of every host as text for Prometheus; waits for nothing."""
        return self.blocking.prometheus()

    def set_log(
        self,
        log: Callable[[int, str], object] | None,
        *,
        level: Literal["warning", "info", "debug"] | None = None,
    ) -> None:
        """Tells what happens to a function, as `hamirror.Client.set_log`: on any thread."""
        self.blocking.set_log(log, level=level)

    def flush_hostnames(self) -> None:
        """Looks all host names up again; waits for nothing."""
        self.blocking.flush_hostnames()

    def set_addresses(self, host: str, addresses: Iterable[str]) -> None:
        """Says where a host listens, as `hamirror.Client.set_addresses`; waits for nothing."""
        self.blocking.set_addresses(host, addresses)

    def reload(self, config: Config) -> None:
        """Takes over a new configuration; calls under way end as they began."""
        self.blocking.reload(config)

    @property
    def indexes(self) -> tuple[str, ...]:
        """Names of the distributed indexes, sorted."""
        return self.blocking.indexes

    def close(self) -> None:
        """Ends the client. Calls under way go on to their end, on whatever loop; any further use
        raises `MisuseError`. Closing twice does nothing."""
        self._is_closed = True
        self.blocking.close()
        with self._lock:
            self._forget_lost()

    async def __aenter__(self) -> Self:
        """The client."""
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Closes it."""
        self.close()

    def _check(self) -> None:
        if self._is_closed:
            raise MisuseError("the client is closed")

    def _calls(self) -> Calls:
        """What runs on this loop."""
        self._check()
        loop = asyncio.get_running_loop()
        calls = self._loops.get(loop)
        if calls is not None and calls.pid == os.getpid():
            return calls
        with self._lock:
            self._forget_lost()
            made = Calls(loop, self.blocking.batch(), lambda: self._forget(loop, made))
            self._loops[loop] = made
        return made

    def _forget(self, loop: asyncio.AbstractEventLoop, calls: Calls) -> None:
        with self._lock:
            if self._loops.get(loop) is calls:
                del self._loops[loop]

    def _forget_lost(self) -> None:
        # Of a loop that was closed under its calls, and of the process that forked this one: it
        # shares its selector with us, so that nothing may be taken out of that.
        for loop, calls in list(self._loops.items()):
            if loop.is_closed() or calls.pid != os.getpid():
                del self._loops[loop]

    async def _ask(self, add: Callable[[_Batch], _Added]) -> _Added:
        calls = self._calls()
        try:
            added = add(calls.batch)
        except BaseException:
            calls.leave()
            raise
        await calls.end([added])
        return added

    async def _search_locals(
        self, index: str, query: str, local: _Local, options: SearchOptions
    ) -> SearchResult:
        self._check()
        with self.blocking.batch() as batch:
            pending = batch.add_search(index, query, **options)
            names = batch.locals(pending)
            runs = False
            if names:
                with contextlib.suppress(ResourceError):
                    batch.run()
                    runs = True
            for name in names:
                await _search_local(batch, pending, name, local)
            if runs:
                batch.join(0)
            calls = Calls(asyncio.get_running_loop(), batch, lambda: None)
            try:
                if not pending.done:
                    await calls.end([pending])
            finally:
                calls.close()
            return pending.result()


async def _search_local(batch: _Batch, pending: PendingSearch, name: str, local: _Local) -> None:
    """Has the program search one local index, again if its first answer changed the request."""
    for is_again in (False, True):
        request = batch.local_request(pending, name)
        try:
            answer = local(name, request)
            found = await answer if inspect.isawaitable(answer) else answer
        except LocalError as error:
            batch.fail_local(pending, name, str(error))
            return
        version, body = (None, found) if isinstance(found, bytes) else found
        try:
            batch.add_local(pending, name, body, version=version)
        except RequestError:
            if is_again or batch.local_request(pending, name) == request:
                raise
        else:
            return
