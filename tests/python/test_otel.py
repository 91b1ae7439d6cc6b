"""Spans and metrics of OpenTelemetry, as its SDK has them in memory."""

from __future__ import annotations

import asyncio
import copy
import gc
import weakref
from typing import TYPE_CHECKING, Any

import pytest

import hamirror
from daemons import Player, refused_address

pytest.importorskip("opentelemetry.sdk")

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

import hamirror.aio
import hamirror.otel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemons import Cluster


class Telemetry:
    """Providers, and what they were told."""

    def __init__(self) -> None:
        """Keeps all in memory."""
        self._exporter = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.meters = MeterProvider([self._reader])
        self.providers: dict[str, Any] = {
            "tracer_provider": self.tracers,
            "meter_provider": self.meters,
        }

    def spans(self) -> tuple[ReadableSpan, list[ReadableSpan]]:
        """The only search since the last look, and its attempts."""
        finished = self._exporter.get_finished_spans()
        self._exporter.clear()
        *attempts, search = finished
        assert search.parent is None
        assert search.start_time is not None
        assert search.end_time is not None
        for attempt in attempts:
            assert attempt.name == "hamirror.attempt"
            assert attempt.parent is not None
            assert search.context is not None
            assert attempt.parent.span_id == search.context.span_id
            assert attempt.start_time is not None
            assert attempt.end_time is not None
            assert search.start_time <= attempt.start_time <= attempt.end_time <= search.end_time
        return search, attempts

    def points(self, name: str) -> dict[tuple[Any, ...], Any]:
        """Points of a metric by their attributes."""
        read = self._reader.get_metrics_data()
        assert read is not None
        return {
            tuple((point.attributes or {}).values()): point
            for resource in read.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        }


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    made = Telemetry()
    yield made
    made.tracers.shutdown()
    made.meters.shutdown()


def test_a_search_is_a_span_with_a_child_for_each_attempt(
    client: hamirror.Client, cluster: Cluster, telemetry: Telemetry
) -> None:
    told = hamirror.otel.instrument(client, **telemetry.providers)
    # Without failover nobody else is asked beside a mirror that is slow to answer.
    assert told.search(cluster.index, "library", failover=False).agents_answered == 2
    search, attempts = telemetry.spans()
    assert search.name == "hamirror.search"
    assert search.attributes == {
        "hamirror.index": cluster.index,
        "hamirror.outcome": "complete",
        "hamirror.agents": 2,
        "hamirror.agents_answered": 2,
    }
    assert [(one.attributes or {})["hamirror.agent"] for one in attempts] == [0, 1]
    for agent, one in enumerate(attempts):
        attributes = one.attributes or {}
        assert attributes["hamirror.host"] in cluster.shards[agent]
        assert attributes["hamirror.outcome"] == "answered"
        assert one.status.status_code == StatusCode.UNSET
    (key,) = telemetry.points("hamirror.search.duration")
    assert set(key) == {cluster.index, "complete"}


def test_attempts_that_failed_before_another_answered_are_children_too(
    cluster: Cluster, telemetry: Telemetry
) -> None:
    dead = refused_address()
    agents = {"d": [f"{dead}|{cluster.shards[0][0]}:packages0"]}
    with hamirror.otel.instrument(
        hamirror.connect(agents=agents, background=False), **telemetry.providers
    ) as client:
        failed: list[ReadableSpan] = []
        while not failed:
            assert client.search("d", "library").agents_answered == 1
            search, attempts = telemetry.spans()
            failed = [one for one in attempts if one.status.status_code == StatusCode.ERROR]
        assert (search.attributes or {})["hamirror.outcome"] == "complete"
        assert search.status.status_code == StatusCode.UNSET
        assert len(attempts) >= 2
        attributes = failed[0].attributes or {}
        assert attributes["hamirror.host"] == dead
        assert attributes["hamirror.outcome"] == "connect_failure"
        assert attributes["hamirror.phase"] == "connect"
        assert failed[0].status.description == "connect_failure"
        counted = telemetry.points("hamirror.attempts")
        assert counted[dead, "connect_failure"].value == 1
        assert counted[cluster.shards[0][0], "answered"].value >= 1
        assert set(telemetry.points("hamirror.host.living")) == {
            (dead,),
            (cluster.shards[0][0],),
        }


def test_a_failed_search_is_told_with_its_attempts(telemetry: Telemetry) -> None:
    first, second = refused_address(), refused_address()
    with hamirror.connect(agents={"d": f"{first}|{second}:i"}, background=False) as client:
        told = hamirror.otel.instrument(client, **telemetry.providers)
        with pytest.raises(hamirror.UnansweredError):
            told.search("d", "library")
        search, attempts = telemetry.spans()
        assert (search.attributes or {})["hamirror.outcome"] == "unanswered"
        assert search.status.status_code == StatusCode.ERROR
        assert search.status.description == "unanswered"
        assert {(one.attributes or {})["hamirror.host"] for one in attempts} == {first, second}
        while any(host.is_living for host in client.status().hosts):
            with pytest.raises(hamirror.UnansweredError):
                client.search("d", "library")
        living = telemetry.points("hamirror.host.living")
        assert [living[host,].value for host in (first, second)] == [0, 0]
        with pytest.raises(hamirror.NotFoundError):
            told.search("nosuch", "library")
        search, attempts = telemetry.spans()
        assert (search.attributes or {})["hamirror.outcome"] == "refused"
        assert attempts == []
    # A closed client has no hosts to tell of.
    assert telemetry.points("hamirror.host.living") == {}


def test_attempts_of_statements_and_facets_are_told_once_each(
    client: hamirror.Client, cluster: Cluster, telemetry: Telemetry
) -> None:
    told = hamirror.otel.instrument(client, **telemetry.providers)
    text = f"SELECT id FROM {cluster.index} WHERE MATCH('library')"
    answers = told.execute(f"{text} FACET section; {text}; SHOW META", failover=False)
    assert len(answers) == 4
    search, attempts = telemetry.spans()
    assert search.name == "hamirror.execute"
    assert [(one.attributes or {})["hamirror.agent"] for one in attempts] == [0, 1, 0, 1]
    first, second = attempts[:2], attempts[2:]
    ends = [one.end_time for one in first]
    assert all(one.start_time >= max(ends) for one in second)  # type: ignore[operator,type-var]

    queries = [hamirror.Search("library"), hamirror.Search("@nofield x")]
    results = told.search_all(cluster.index, queries, return_exceptions=True)
    assert isinstance(results[1], hamirror.QueryError)
    search, attempts = telemetry.spans()
    assert (search.attributes or {})["hamirror.outcome"] == "incomplete"
    # A mirror refuses the second one; another of its agent does so, too, and that is the answer.
    outcomes = [(one.attributes or {})["hamirror.outcome"] for one in attempts]
    assert (outcomes.count("remote_error"), outcomes.count("answered")) == (2, 2)


def test_words_of_queries_are_not_told(
    client: hamirror.Client, cluster: Cluster, telemetry: Telemetry
) -> None:
    told = hamirror.otel.instrument(client, **telemetry.providers)
    word = "secretword"
    with pytest.raises(hamirror.QueryError, match=word):
        told.search(cluster.index, f"@{word} x")
    (search, attempts) = telemetry.spans()
    assert search.status.description == "query_error"
    assert {one.status.description for one in attempts} == {"remote_error"}
    with pytest.raises(hamirror.StatementError, match=word):
        told.execute(f"SELECT {word} FROM")
    (refused, none) = telemetry.spans()
    assert (refused.status.description, none) == ("refused", [])
    for span in [search, *attempts, refused]:
        assert word not in span.to_json()
        assert span.events == ()


def test_searches_at_once_that_all_failed_are_told_as_failed(
    client: hamirror.Client, cluster: Cluster, telemetry: Telemetry
) -> None:
    told = hamirror.otel.instrument(client, **telemetry.providers)
    queries = [hamirror.Search("@nofield x"), hamirror.Search("@nofield y")]
    results = told.search_all(cluster.index, queries, return_exceptions=True, failover=False)
    assert all(isinstance(result, hamirror.QueryError) for result in results)
    search, attempts = telemetry.spans()
    assert search.attributes == {
        "hamirror.index": cluster.index,
        "hamirror.outcome": "query_error",
        "hamirror.agents": 2,
        "hamirror.agents_answered": 0,
    }
    assert search.status.status_code == StatusCode.ERROR
    # They are those of one request, for both searches.
    asked = [(one.attributes or {})["hamirror.agent"] for one in attempts]
    assert (len(asked), set(asked)) == (2, {0, 1})


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (hamirror.MergeError("unlike"), "merge_error"),
        (hamirror.ResourceError("no memory"), "failed"),
        (TypeError("nosuch option"), "failed"),
        (hamirror.MisuseError("closed"), "refused"),
    ],
)
def test_what_was_sent_is_not_told_as_refused(
    client: hamirror.Client, telemetry: Telemetry, error: Exception, outcome: str
) -> None:
    told = hamirror.otel.instrument(client, **telemetry.providers)

    class Failing:
        def search(self, *_: object, **__: object) -> None:
            raise error

    told.client = Failing()  # type: ignore[assignment]
    with pytest.raises(type(error)):
        told.search("d", "library")
    search, _ = telemetry.spans()
    assert (search.attributes or {})["hamirror.outcome"] == outcome


def test_searches_of_asyncio_are_spans_of_their_tasks(
    cluster: Cluster, telemetry: Telemetry
) -> None:
    async def main() -> None:
        async with hamirror.otel.instrument(
            hamirror.aio.connect(cluster.config_path), **telemetry.providers
        ) as client:
            await client.search(cluster.index, "library", failover=False)
            search, attempts = telemetry.spans()
            assert (search.name, len(attempts)) == ("hamirror.search", 2)
            (answer,) = await client.execute(f"SELECT id FROM {cluster.index}")
            assert len(answer) == 20
            assert telemetry.spans()[0].name == "hamirror.execute"
            with Player(None) as player:
                client.reload(player.config())
                task = asyncio.ensure_future(client.search("played", "library"))
                while not player.requests and not player._connections:
                    await asyncio.sleep(0.001)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            search, _ = telemetry.spans()
            assert (search.attributes or {})["hamirror.outcome"] == "cancelled"

    asyncio.run(main())


def test_an_instrumented_client_is_the_client_otherwise(
    client: hamirror.Client, cluster: Cluster, telemetry: Telemetry
) -> None:
    told = hamirror.otel.instrument(client, **telemetry.providers)
    assert told.client is client
    assert told.indexes == (cluster.index,)
    with pytest.raises(AttributeError, match="nosuch"):
        _ = told.nosuch
    assert copy.copy(told).client is client
    # A second one tells by the same instruments, and neither is kept alive by them.
    other = weakref.ref(hamirror.otel.instrument(client, **telemetry.providers))
    told.search(cluster.index, "library")
    assert len(telemetry.points("hamirror.host.in_flight")) == 4
    gc.collect()
    assert other() is None
