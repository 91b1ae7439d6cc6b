"""Load on an index: searches by threads one after the other, or at a rate, and their outcome."""

from __future__ import annotations

import itertools
import math
import select
import threading
import time
from array import array
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import hamirror

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

# Searches at a rate that are under way at once. Others wait for their turn, which counts as their
# time: no search is left out because the cluster is slow.
IN_FLIGHT_MAX = 1_000

# Searches a second: more than any thread of Python begins.
RATE_MAX = 1_000_000


@dataclass(slots=True)
class Outcome:
    """What came of all searches."""

    latencies_s: array[float] = field(default_factory=lambda: array("d"))
    """Time of each search that was answered, from its begin or from when it was due."""
    partial: int = 0
    """Searches that not all agents answered in full."""
    errors: Counter[str] = field(default_factory=Counter)
    """Searches that failed, by their cause."""
    refused: int = 0
    """Searches that failed by a fault of their own."""
    not_begun: int = 0
    """Searches that were due before the end, but would have been begun after it."""
    took_s: float = 0.0
    """Time from the first begin to the last end."""

    @property
    def answered(self) -> int:
        """Searches that were answered, in full or in part."""
        return len(self.latencies_s)

    @property
    def failed(self) -> int:
        """Searches that failed."""
        return sum(self.errors.values())

    @property
    def ended(self) -> int:
        """Searches that ended."""
        return self.answered + self.failed

    def percentile(self, percent: float) -> float | None:
        """Returns the time within which that share was answered; None without any."""
        if not self.latencies_s:
            return None
        ordered = sorted(self.latencies_s)
        return ordered[max(0, -int(-len(ordered) * percent // 100) - 1)]

    def take(self, result: Callable[[], hamirror.SearchResult], begun: float) -> None:
        """Takes the end of a search that was begun, or due, at that time."""
        try:
            found = result()
        except hamirror.Error as error:
            self.errors[_cause(error)] += 1
            self.refused += isinstance(error, (hamirror.QueryError, hamirror.RequestError))
            return
        self.latencies_s.append(time.monotonic() - begun)
        self.partial += found.agents_answered < found.agents

    def add(self, other: Outcome) -> None:
        """Adds what came of other searches."""
        self.latencies_s.extend(other.latencies_s)
        self.partial += other.partial
        self.errors.update(other.errors)
        self.refused += other.refused


def _cause(error: hamirror.Error) -> str:
    """What the first agent failed by, without the times and orders that no two errors share."""
    for failure in error.failures if isinstance(error, hamirror.AgentsError) else ():
        if failure.query_error:
            return failure.query_error
        for attempt in failure.attempts[-1:]:
            return f"{attempt.host}: {attempt.text} ({attempt.phase})"
    return str(error)


@dataclass(frozen=True, slots=True)
class Load:
    """Searches to do."""

    client: hamirror.Client
    """Client that searches."""
    index: str
    """Index that is searched."""
    queries: Sequence[str]
    """Queries, one after the other and again from the first."""
    options: dict[str, Any]
    """Options of each search."""
    count: int | None
    """Searches after which it ends."""
    duration_s: float | None
    """Time after which none is begun."""

    def by_threads(self, threads: int, tell: Callable[[int], None]) -> Outcome:
        """Has each thread search again as soon as it was answered; Ctrl-C ends it early."""
        outcomes = [Outcome() for _ in range(threads)]
        queries = itertools.islice(self._all(), self.count)
        lock, stop = threading.Lock(), threading.Event()
        begun = time.monotonic()

        def work(outcome: Outcome) -> None:
            while not stop.is_set():
                with lock:
                    query = next(queries, None)
                now = time.monotonic()
                if query is None or now - begun >= (self.duration_s or math.inf):
                    return
                outcome.take(partial(self.client.search, self.index, query, **self.options), now)

        workers = [threading.Thread(target=work, args=(outcome,)) for outcome in outcomes]
        try:
            for worker in workers:
                worker.start()
            while alive := [worker for worker in workers if worker.is_alive()]:
                alive[0].join(_TELL_S)
                tell(sum(outcome.ended for outcome in outcomes))
        except KeyboardInterrupt:
            stop.set()
        for worker in workers:
            if worker.ident is not None:
                worker.join()
        whole = Outcome(took_s=time.monotonic() - begun)
        for outcome in outcomes:
            whole.add(outcome)
        return whole

    def at_rate(self, rate: float, in_flight_max: int, tell: Callable[[int], None]) -> Outcome:
        """Begins searches at that rate a second, whether earlier ones were answered or not.

        The time of each counts from when it was due. None is begun after the duration: those that
        were due by then are counted. Ctrl-C ends it early.
        """
        outcome = Outcome()
        begun = time.monotonic()
        due = rate * (self.duration_s or math.inf)
        count = min(math.ceil(due) if math.isfinite(due) else due, self.count or math.inf)
        every = ((begun + number / rate, query) for number, query in enumerate(self._all()))
        schedule = _Schedule(every, count, begun + (self.duration_s or math.inf), in_flight_max)
        with self.client.batch() as batch, suppress(KeyboardInterrupt):
            self._keep_rate(batch, schedule, outcome, tell)
            outcome.not_begun = schedule.left
        outcome.took_s = time.monotonic() - begun
        return outcome

    def _keep_rate(
        self,
        batch: hamirror.Batch,
        schedule: _Schedule,
        outcome: Outcome,
        tell: Callable[[int], None],
    ) -> None:
        under_way: dict[int, tuple[hamirror.PendingSearch, float]] = {}
        while True:
            now = time.monotonic()
            for due, query in schedule.take(now, len(under_way)):
                pending = batch.add_search(self.index, query, **self.options)
                under_way[id(pending)] = (pending, due)
            if not under_way and schedule.is_over(now):
                return
            pauses = (schedule.pause(time.monotonic(), len(under_way)), batch.timeout, _TELL_S)
            pause = min(pause for pause in pauses if pause is not None)
            select.select([batch.fileno()], [], [], pause)
            for ended in batch.drive():
                search, due = under_way.pop(id(ended))
                outcome.take(search.result, due)
            tell(outcome.ended)

    def _all(self) -> Iterator[str]:
        return itertools.cycle(self.queries)


class _Schedule:
    """Queries and when they are due, handed out as their time comes and there is room for them."""

    def __init__(
        self, dues: Iterator[tuple[float, str]], count: float, end: float, in_flight_max: int
    ) -> None:
        self._dues = dues
        self._next = next(dues)
        self._count = count
        self._end = end
        self._in_flight_max = in_flight_max

    @property
    def left(self) -> int:
        """Queries that were not handed out, once it is over."""
        return int(self._count)

    def is_over(self, now: float) -> bool:
        """True once all were handed out, or their time is over."""
        return self._count == 0 or now >= self._end

    def take(self, now: float, in_flight: int) -> Iterator[tuple[float, str]]:
        """Yields what is due while there is room."""
        while not self.is_over(now) and self._next[0] <= now and in_flight < self._in_flight_max:
            yield self._next
            in_flight += 1
            self._count -= 1
            self._next = next(self._dues)

    def pause(self, now: float, in_flight: int) -> float | None:
        """Returns the seconds until the next is due; None if there is none, or no room."""
        if self.is_over(now) or in_flight >= self._in_flight_max:
            return None
        return max(self._next[0] - now, 0.0)


# Pause between two reports of how far it is.
_TELL_S = 0.1
