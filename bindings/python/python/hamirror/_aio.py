"""Batches and sessions of `hamirror.aio`."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

from ._errors import MisuseError
from ._loops import Driver, readable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import TypeAlias

    from typing_extensions import Self, Unpack

    from ._loops import _Pending
    from ._native import Batch as _Batch
    from ._native import PendingReply, PendingSearch, PendingSearches
    from ._options import CallOptions, SearchOptions
    from ._queries import Search
    from ._requests import Request
    from ._results import Answer
    from ._results import Session as _Session

    _Parameters: TypeAlias = Sequence[Any] | Mapping[str, Any]

_Added = TypeVar("_Added", bound="PendingSearch | PendingSearches | PendingReply")

__all__ = ["Batch", "Session"]


class Session:
    """Runs statements of SphinxQL one after the other; made by `Client.session`."""

    def __init__(self, session: _Session) -> None:
        """One that runs the statements of that session on a loop."""
        self._session = session
        self._is_busy = False

    async def execute(
        self,
        statement: str,
        parameters: _Parameters | None = None,
        /,
        **options: Unpack[CallOptions],
    ) -> tuple[Answer, ...]:
        """Runs statements as `Client.execute` does; `MisuseError` if others are under way."""
        if self._is_busy:
            raise MisuseError("the session is in use by another task")
        self._is_busy = True
        session, loop = self._session, asyncio.get_running_loop()
        try:
            session.start(statement, parameters, **options)
            while (answers := session.drive()) is None:
                await readable(loop, session.fileno(), session.timeout)
            return answers
        finally:
            session.cancel()
            self._is_busy = False


class Batch:
    """Many calls under way at once; made by `Client.batch`.

    Iterate over them by `async for` as they end, or wait for all of them. It is an asynchronous
    context manager that closes itself, which ends what still runs. It has a descriptor of its own,
    and belongs to the loop on which it was made.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, batch: _Batch) -> None:
        """One that drives that batch on the loop."""
        self._loop = loop
        self._batch = batch
        self._running: set[_Pending] = set()
        self._ended: deque[_Pending] = deque()
        self._waiters: set[asyncio.Future[None]] = set()
        self._error: Exception | None = None
        self._driver = Driver(
            loop, batch, ended=self._handle_end, rests=self._tell, failed=self._handle_failure
        )

    def add_search(
        self, index: str, query: str, **options: Unpack[SearchOptions]
    ) -> PendingSearch:
        """Starts a search of every agent of an index; `options` are those of `SearchOptions`."""
        return self._add(self._batch.add_search(index, query, **options))

    def add_searches(
        self, index: str, searches: Iterable[Search], **options: Unpack[CallOptions]
    ) -> PendingSearches:
        """Starts several searches of the same agents in one request to each, 32 at most; `options`
        are those of `CallOptions`."""
        return self._add(self._batch.add_searches(index, searches, **options))

    def add_index(
        self, index: str, request: Request, **options: Unpack[CallOptions]
    ) -> list[PendingReply]:
        """Starts a request to every agent of an index: a read to one mirror of each, a write to
        all mirrors of each. `options` are those of `CallOptions`."""
        return [self._add(one) for one in self._batch.add_index(index, request, **options)]

    def add_agent(
        self, index: str, agent: int, request: Request, **options: Unpack[CallOptions]
    ) -> PendingReply:
        """Starts a request to one agent of an index, by its number from 0; `options` are those of
        `CallOptions`."""
        return self._add(self._batch.add_agent(index, agent, request, **options))

    def cancel(self, pending: PendingSearch | PendingSearches | PendingReply) -> None:
        """Ends a search or a request without an answer; it comes back as what has ended does."""
        self._batch.cancel(pending)
        self._driver.wake()

    async def wait(self) -> None:
        """Waits for everything to end; for a limit of time use `asyncio.timeout`."""
        while self._is_under_way():
            await self._news()

    @property
    def pending(self) -> int:
        """Searches and requests that have not ended."""
        return len(self._running)

    def close(self) -> None:
        """Ends what still runs. Any further use raises `MisuseError`; what has ended keeps its
        result. Closing twice does nothing."""
        self._end(MisuseError("the batch is closed"))

    def __aiter__(self) -> Self:
        """The batch: what has ended, as it ends, until nothing runs."""
        return self

    async def __anext__(self) -> PendingSearch | PendingSearches | PendingReply:
        """Waits for the next search or reply to end."""
        while not self._ended:
            if not self._is_under_way():
                raise StopAsyncIteration
            await self._news()
        return self._ended.popleft()

    async def __aenter__(self) -> Self:
        """The batch."""
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Closes it."""
        self.close()

    def _add(self, pending: _Added) -> _Added:
        self._running.add(pending)
        self._driver.wake()
        return pending

    def _is_under_way(self) -> bool:
        if self._error is not None:
            raise self._error
        return bool(self._running)

    async def _news(self) -> None:
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)

    def _handle_end(self, pending: _Pending) -> None:
        self._running.discard(pending)
        self._ended.append(pending)
        self._tell()

    def _handle_failure(self, error: Exception) -> None:
        self._end(error)

    def _end(self, error: Exception) -> None:
        if self._error is None:
            self._error = error
        self._driver.stop()
        self._batch.close()
        self._running.clear()
        self._ended.clear()
        self._tell()

    def _tell(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
