"""OpenTelemetry: a span for each search with a child for each attempt, and metrics.

    import hamirror
    import hamirror.otel

    client = hamirror.otel.instrument(hamirror.connect("sphinx.conf"))
    client.search("packages", "library")

It needs `opentelemetry-api`, as `pip install 'hamirror[otel]'` brings it, and what the program has
set up as the SDK. A forked child has to set up providers of its own, and instrument after that.

Searches are spans named `hamirror.search`, `hamirror.search_all` and `hamirror.execute`, with
`hamirror.outcome`, `hamirror.agents`, `hamirror.agents_answered` and, but for `execute`,
`hamirror.index`. Their children are named `hamirror.attempt`, and have `hamirror.index`,
`hamirror.agent`, `hamirror.host`, `hamirror.outcome` and, if they failed, `hamirror.phase`.

| metric | what it is |
| --- | --- |
| `hamirror.search.duration` | histogram of seconds by `hamirror.index` and `hamirror.outcome` |
| `hamirror.attempts` | counter by `hamirror.host` and `hamirror.outcome` |
| `hamirror.host.living` | 1, or 0 for a host that was found dead, by `hamirror.host` |
| `hamirror.host.in_flight` | attempts and pings under way, by `hamirror.host` |

The outcome of a search is `complete`, `incomplete` (agents or other searches are missing from it)
or the kind of its error: `query_error`, `timed_out`, `unanswered`, `merge_error`, `cancelled`,
`refused`, that is before it was sent, or `failed`, that is for another reason, such as memory or
what the program raised. That of an attempt is `answered` or the kind of its failure. Words of
queries are not recorded: where there is an error, the span's status has its kind, and no event
has its text.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeVar, overload

from opentelemetry import metrics, trace

from . import _errors, aio
from ._native import Client, __version__, _attempts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType

    from typing_extensions import Self, Unpack

    from ._options import CallOptions, SearchOptions
    from ._queries import Search
    from ._results import Answer, SearchResult

__all__ = ["AsyncClient", "BlockingClient", "instrument"]

_Asked = TypeVar("_Asked")


@overload
def instrument(
    client: Client,
    *,
    tracer_provider: trace.TracerProvider | None = None,
    meter_provider: metrics.MeterProvider | None = None,
) -> BlockingClient: ...
@overload
def instrument(
    client: aio.Client,
    *,
    tracer_provider: trace.TracerProvider | None = None,
    meter_provider: metrics.MeterProvider | None = None,
) -> AsyncClient: ...
def instrument(
    client: Client | aio.Client,
    *,
    tracer_provider: trace.TracerProvider | None = None,
    meter_provider: metrics.MeterProvider | None = None,
) -> BlockingClient | AsyncClient:
    """Returns a client whose searches are told to OpenTelemetry.

    Parameters
    ----------
    client : Client or aio.Client
        The client that is asked. It may be used beside, without spans.
    tracer_provider : TracerProvider, default the program's
        Where spans go.
    meter_provider : MeterProvider, default the program's
        Where metrics go.

    Returns
    -------
    BlockingClient or AsyncClient
        All that the client has, with spans around `search`, `search_all` and `execute`.
    """
    tracers = tracer_provider or trace.get_tracer_provider()
    telemetry = _Telemetry(
        tracers.get_tracer("hamirror", __version__),
        _Instruments.of(meter_provider or metrics.get_meter_provider()),
    )
    if isinstance(client, Client):
        return BlockingClient(client, telemetry)
    return AsyncClient(client, telemetry)


class _Instrumented(Generic[_Asked]):
    """What both kinds of clients have."""

    def __init__(self, client: _Asked, telemetry: _Telemetry) -> None:
        """Use `instrument`."""
        self.client: _Asked = client
        """The client without spans."""
        self._telemetry: _Telemetry = telemetry
        telemetry.instruments.clients.add(self)

    def __getattr__(self, name: str) -> Any:
        """Whatever else the client has."""
        if name == "client":
            raise AttributeError(name)  # A copy has nothing yet.
        return getattr(self.client, name)


class BlockingClient(_Instrumented[Client]):
    """A `hamirror.Client` whose searches are told to OpenTelemetry."""

    def search(
        self, index: str, query: str, *, local: Any = None, **options: Unpack[SearchOptions]
    ) -> SearchResult:
        """Searches as `hamirror.Client.search` does."""
        with self._telemetry.span("search", index) as span:
            result = self.client.search(index, query, local=local, **options)
            span.end_with([result])
            return result

    def search_all(
        self,
        index: str,
        searches: Iterable[Search],
        *,
        return_exceptions: bool = False,
        **options: Unpack[CallOptions],
    ) -> list[SearchResult | _errors.Error]:
        """Searches as `hamirror.Client.search_all` does."""
        with self._telemetry.span("search_all", index) as span:
            results = self.client.search_all(
                index, searches, return_exceptions=return_exceptions, **options
            )
            span.end_with(results)
            return results

    def execute(
        self, statement: str, parameters: Any = None, /, **options: Unpack[CallOptions]
    ) -> tuple[Answer, ...]:
        """Runs statements as `hamirror.Client.execute` does."""
        with self._telemetry.span("execute", None) as span:
            answers = self.client.execute(statement, parameters, **options)
            span.end_with(answers)
            return answers

    def __enter__(self) -> Self:
        """The client."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes it."""
        self.client.close()


class AsyncClient(_Instrumented[aio.Client]):
    """A `hamirror.aio.Client` whose searches are told to OpenTelemetry."""

    async def search(
        self, index: str, query: str, *, local: Any = None, **options: Unpack[SearchOptions]
    ) -> SearchResult:
        """Searches as `hamirror.aio.Client.search` does."""
        with self._telemetry.span("search", index) as span:
            result = await self.client.search(index, query, local=local, **options)
            span.end_with([result])
            return result

    async def search_all(
        self,
        index: str,
        searches: Iterable[Search],
        *,
        return_exceptions: bool = False,
        **options: Unpack[CallOptions],
    ) -> list[SearchResult | _errors.Error]:
        """Searches as `hamirror.aio.Client.search_all` does."""
        with self._telemetry.span("search_all", index) as span:
            results = await self.client.search_all(
                index, searches, return_exceptions=return_exceptions, **options
            )
            span.end_with(results)
            return results

    async def execute(
        self, statement: str, parameters: Any = None, /, **options: Unpack[CallOptions]
    ) -> tuple[Answer, ...]:
        """Runs statements as `hamirror.aio.Client.execute` does."""
        with self._telemetry.span("execute", None) as span:
            answers = await self.client.execute(statement, parameters, **options)
            span.end_with(answers)
            return answers

    async def __aenter__(self) -> Self:
        """The client."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes it."""
        self.client.close()


class _Attempt(NamedTuple):
    index_name: str
    agent: int
    host: str
    began_s: float
    elapsed_s: float
    outcome: str
    phase: str | None


class _Instruments:
    """Instruments of one provider; two of a name would be told twice."""

    _known: ClassVar[weakref.WeakKeyDictionary[metrics.MeterProvider, _Instruments]] = (
        weakref.WeakKeyDictionary()
    )

    @classmethod
    def of(cls, provider: metrics.MeterProvider) -> _Instruments:
        known = cls._known.get(provider)
        if known is None:
            known = cls._known[provider] = cls(provider.get_meter("hamirror", __version__))
        return known

    def __init__(self, meter: metrics.Meter) -> None:
        self.clients: weakref.WeakSet[_Instrumented[Any]] = weakref.WeakSet()
        self.duration = meter.create_histogram(
            "hamirror.search.duration", "s", "Time of a search, with all of its attempts."
        )
        self.attempts = meter.create_counter(
            "hamirror.attempts", "{attempt}", "Attempts of searches on mirrors."
        )
        # The provider must not be kept alive by what it calls.
        here = weakref.ref(self)

        def living(_: metrics.CallbackOptions) -> Iterator[metrics.Observation]:
            return _observed(here(), lambda host: int(host.is_living), max)

        def in_flight(_: metrics.CallbackOptions) -> Iterator[metrics.Observation]:
            return _observed(here(), lambda host: host.in_flight, int.__add__)

        meter.create_observable_gauge(
            "hamirror.host.living", [living], "1", "1 unless the host was found dead."
        )
        meter.create_observable_gauge(
            "hamirror.host.in_flight", [in_flight], "{attempt}", "Attempts and pings under way."
        )


def _observed(instruments: _Instruments | None, read: Any, join: Any) -> Iterator[Any]:
    """What the clients know of each host, joined where several ask it."""
    values: dict[str, int] = {}
    for client in list(instruments.clients) if instruments else ():
        try:
            hosts = client.status().hosts
        except _errors.MisuseError:
            continue  # It is closed.
        for host in hosts:
            known = values.get(host.name)
            values[host.name] = read(host) if known is None else join(known, read(host))
    for name, value in values.items():
        yield metrics.Observation(value, {"hamirror.host": name})


class _Telemetry:
    def __init__(self, tracer: trace.Tracer, instruments: _Instruments) -> None:
        self.tracer = tracer
        self.instruments = instruments

    @contextmanager
    def span(self, name: str, index: str | None) -> Iterator[_Span]:
        """A span for a search; an error that ends it is told."""
        attributes = {} if index is None else {"hamirror.index": index}
        kind = trace.SpanKind.CLIENT
        # Texts of errors quote queries.
        with self.tracer.start_as_current_span(
            f"hamirror.{name}",
            kind=kind,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            told = _Span(self, span, index)
            try:
                yield told
            except BaseException as error:
                told.fail(error)
                raise


class _Span:
    def __init__(self, telemetry: _Telemetry, span: trace.Span, index: str | None) -> None:
        self._telemetry = telemetry
        self._span = span
        self._index = index
        self._start_ns = time.time_ns()
        self._start_s = time.monotonic()

    def end_with(self, answers: Sequence[SearchResult | Answer | _errors.Error]) -> None:
        offset_s = 0.0
        before: list[Any] = []
        for answer in answers:
            if isinstance(answer, _errors.Error):
                continue
            attempts = _attempts(answer)
            # Those of one request have its attempts; other statements follow each other.
            if attempts and attempts != before:
                offset_s += self._tell([_attempt(*attempt) for attempt in attempts], offset_s)
                before = attempts
        errors = [answer for answer in answers if isinstance(answer, _errors.Error)]
        asked = [answer for answer in answers if not isinstance(answer, _errors.Error)]
        if errors and not asked:
            self._fail(errors)
            return
        agents = max((answer.agents for answer in asked), default=0)
        answered = min((answer.agents_answered for answer in asked), default=0)
        is_complete = not errors and all(
            answer.agents_answered == answer.agents for answer in asked
        )
        self._end("complete" if is_complete else "incomplete", answered, agents)

    def fail(self, error: BaseException) -> None:
        self._fail([error])

    def _fail(self, errors: Sequence[BaseException]) -> None:
        """Tells errors of one request; those of an agent have its attempts, each once."""
        failed = [error for error in errors if isinstance(error, _errors.AgentsError)]
        attempts: dict[tuple[Any, ...], _Attempt] = {}
        for error in failed:
            for failure in error.failures:
                for one in failure.attempts:
                    place = failure.index, failure.agent, one.host, one.began_s, one.elapsed_s
                    attempts.setdefault(place, _attempt(*place, one))
        self._tell(list(attempts.values()), 0.0)
        outcome = _outcome_of(errors[0])
        self._span.set_status(trace.StatusCode.ERROR, outcome)
        answered = min((error.answered for error in failed), default=0)
        self._end(outcome, answered, max((error.agents for error in failed), default=0))

    def _tell(self, attempts: list[_Attempt], offset_s: float) -> float:
        """Tells attempts that began so long after the span; returns when the last one ended."""
        now_ns = time.time_ns()
        for one in attempts:
            attributes: dict[str, str | int] = {
                "hamirror.host": one.host,
                "hamirror.outcome": one.outcome,
            }
            self._telemetry.instruments.attempts.add(1, attributes)
            if not self._span.is_recording():
                continue
            attributes |= {"hamirror.index": one.index_name, "hamirror.agent": one.agent}
            if one.phase is not None:
                attributes["hamirror.phase"] = one.phase
            began_ns = self._start_ns + int((offset_s + one.began_s) * 1e9)
            span = self._telemetry.tracer.start_span(
                "hamirror.attempt",
                kind=trace.SpanKind.CLIENT,
                attributes=attributes,
                start_time=min(began_ns, now_ns),
            )
            if one.outcome != _ANSWERED:
                span.set_status(trace.StatusCode.ERROR, one.outcome)
            # The two clocks may run apart by a little.
            span.end(min(began_ns + int(one.elapsed_s * 1e9), now_ns))
        return max((one.began_s + one.elapsed_s for one in attempts), default=0.0)

    def _end(self, outcome: str, answered: int, agents: int) -> None:
        self._span.set_attribute("hamirror.outcome", outcome)
        self._span.set_attribute("hamirror.agents", agents)
        self._span.set_attribute("hamirror.agents_answered", answered)
        attributes = {"hamirror.outcome": outcome}
        if self._index is not None:
            attributes["hamirror.index"] = self._index
        elapsed_s = time.monotonic() - self._start_s
        self._telemetry.instruments.duration.record(elapsed_s, attributes)


def _attempt(
    index: str, agent: int, host: str, began_s: float, elapsed_s: float, failure: Any
) -> _Attempt:
    if failure is None:
        return _Attempt(index, agent, host, began_s, elapsed_s, _ANSWERED, None)
    return _Attempt(index, agent, host, began_s, elapsed_s, failure.kind, failure.phase)


_ANSWERED = "answered"


def _outcome_of(error: BaseException) -> str:
    return next((outcome for kind, outcome in _OUTCOMES if isinstance(error, kind)), "failed")


_OUTCOMES: tuple[tuple[type[BaseException], str], ...] = (
    (asyncio.CancelledError, "cancelled"),
    (KeyboardInterrupt, "cancelled"),
    (_errors.QueryError, "query_error"),
    (_errors.TimedOutError, "timed_out"),
    (_errors.AgentsError, "unanswered"),
    (_errors.MergeError, "merge_error"),
    (_errors.RequestError, "refused"),
    (_errors.NotFoundError, "refused"),
    (_errors.ConfigError, "refused"),
    (_errors.MisuseError, "refused"),
)
"""Outcomes by errors, the narrower ones before."""
