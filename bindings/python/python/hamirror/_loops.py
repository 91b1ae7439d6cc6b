"""Batches on event loops: what `hamirror.aio` is made of."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from ._native import Batch, PendingCommand, PendingReply, PendingSearch, PendingSearches

    _Pending: TypeAlias = PendingSearch | PendingSearches | PendingReply

_Outcome = TypeVar("_Outcome")


class Driver:
    """Drives a batch on a loop while something runs in it, and watches nothing otherwise."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        batch: Batch,
        *,
        ended: Callable[[_Pending], None],
        rests: Callable[[], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Tells what has ended, that nothing runs any more, and that the batch broke."""
        self._loop = loop
        self._batch = batch
        self._ended = ended
        self._rests = rests
        self._failed = failed
        self._fd: int | None = None
        self._soon: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    def wake(self) -> None:
        """Drives the batch in the next turn of the loop: after adding to it and cancelling."""
        if self._soon is None:
            self._soon = self._loop.call_soon(self._handle_turn)

    def stop(self) -> None:
        """Watches nothing any more; to be called before the batch is closed."""
        if self._fd is not None and not self._loop.is_closed():
            self._loop.remove_reader(self._fd)
        self._fd = None
        for handle in (self._soon, self._timer):
            if handle is not None:
                handle.cancel()
        self._soon = self._timer = None

    def _handle_turn(self) -> None:
        self._soon = None
        self._drive()

    def _handle_timer(self) -> None:
        self._timer = None
        self._drive()

    def _drive(self) -> None:
        try:
            ended = self._batch.drive()
            due_s = self._batch.timeout
            if due_s is not None and self._fd is None:
                fd = self._batch.fileno()
                self._loop.add_reader(fd, self._drive)
                self._fd = fd
        except Exception as error:
            self.stop()
            self._failed(error)
            return
        for pending in ended:
            self._ended(pending)
        if due_s is None:
            self.stop()
            self._rests()
            return
        self._wait(due_s)

    def _wait(self, due_s: float) -> None:
        if due_s <= 0:
            self.wake()
            return
        due = self._loop.time() + due_s
        if self._timer is not None:
            if self._due <= due:
                # Every event moves the time. A turn too early costs less than a new timer each.
                return
            self._timer.cancel()
        self._due = due
        self._timer = self._loop.call_at(due, self._handle_timer)


class Calls:
    """Calls of one loop in one batch, which is closed when the last of them has ended."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, batch: Batch, closed: Callable[[], None]
    ) -> None:
        """Tells once that the batch is closed."""
        self.pid = os.getpid()
        self.batch = batch
        self._loop = loop
        self._closed = closed
        self._waiters: dict[_Pending, asyncio.Future[Exception | None]] = {}
        self._driver = Driver(
            loop, batch, ended=self._handle_end, rests=self.close, failed=self._handle_failure
        )

    async def end(self, added: Sequence[_Pending]) -> None:
        """Waits for what was added to the batch; cancelled, it cancels that."""
        if not added:
            return
        waiters = {pending: self._loop.create_future() for pending in added}
        self._waiters.update(waiters)
        self._driver.wake()
        try:
            for waiter in waiters.values():
                error = await waiter
                if error is not None:
                    raise error
        finally:
            # What has ended, or broke with the batch, waits no longer.
            for pending in added:
                if self._waiters.pop(pending, None) is None:
                    continue
                if self._loop.is_closed():
                    self.close()
                    break
                self.batch.cancel(pending)
                self._driver.wake()

    def leave(self) -> None:
        """Closes the batch if nothing was ever added to it that runs."""
        if not self._waiters and self.batch.pending == 0:
            self.close()

    def close(self) -> None:
        """Closes the batch, and takes it out of the loop before."""
        self._driver.stop()
        self._closed()
        self.batch.close()

    def _handle_end(self, pending: _Pending) -> None:
        self._answer(self._waiters.pop(pending, None), None)

    def _handle_failure(self, error: Exception) -> None:
        waiters = list(self._waiters.values())
        self._waiters.clear()
        self.close()
        for waiter in waiters:
            self._answer(waiter, error)

    @staticmethod
    def _answer(waiter: asyncio.Future[Exception | None] | None, error: Exception | None) -> None:
        if waiter is not None and not waiter.done():
            waiter.set_result(error)


async def outcome(command: PendingCommand[_Outcome]) -> _Outcome:
    """Drives a command on the running loop; cancelled, it takes the command back."""
    try:
        loop = asyncio.get_running_loop()
        while not command.drive():
            await readable(loop, command.fileno(), command.timeout)
        return command.result()
    finally:
        command.cancel()


async def readable(
    loop: asyncio.AbstractEventLoop, descriptor: int, timeout_s: float | None
) -> None:
    """Waits until the descriptor is readable, or the time has passed."""
    ready: asyncio.Future[None] = loop.create_future()

    def handle() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(descriptor, handle)
    timer = None if timeout_s is None else loop.call_later(timeout_s, handle)
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)
        if timer is not None:
            timer.cancel()
