"""What goes wrong, and how it is told."""

from __future__ import annotations

import errno
import pickle
import struct
from typing import TYPE_CHECKING, Any

import pytest

import hamirror
from daemons import Player, refused_address, reply

if TYPE_CHECKING:
    from daemons import Cluster

QUERY_ERROR = struct.pack(">II", 1, 13) + b"no such field"


def test_all_agents_dead() -> None:
    first, second = refused_address(), refused_address()
    config = hamirror.Config.build({"dead": {"agent": f"{first}|{second}:docs"}})
    with (
        hamirror.Client(config) as client,
        pytest.raises(hamirror.UnansweredError) as raised,
    ):
        client.search("dead", "hello")
    error = raised.value
    assert (error.answered, error.agents) == (0, 1)
    (failure,) = error.failures
    assert (failure.index, failure.agent, failure.query_error) == ("dead", 0, None)
    assert {attempt.host for attempt in failure.attempts} == {first, second}
    assert {attempt.kind for attempt in failure.attempts} == {"connect_failure"}
    assert {attempt.phase for attempt in failure.attempts} == {"connect"}
    assert {attempt.errno for attempt in failure.attempts} == {errno.ECONNREFUSED}
    began = [attempt.began_s for attempt in failure.attempts]
    assert began == sorted(began)
    assert str(failure) in str(error)
    assert first in str(error)
    assert second in str(error)


def test_one_agent_dead(cluster: Cluster) -> None:
    living = cluster.shards[0][0]
    agents = [f"{living}:packages0", f"{refused_address()}:packages1"]
    config = hamirror.Config.build({"half": {"agent": agents}})
    with hamirror.Client(config) as client:
        result = client.search("half", "library")
        assert (result.agents_answered, result.agents, len(result.failures)) == (1, 2, 1)
        assert result.warning is not None
        assert "refused" in result.warning
        assert client.search("half", "library", completeness=50).agents_answered == 1
        for completeness in ("all", 51):
            with pytest.raises(hamirror.UnansweredError, match="1 of 2 agents"):
                client.search("half", "library", completeness=completeness)


def test_time_runs_out() -> None:
    with (
        Player(None) as player,
        hamirror.Client(player.config()) as client,
        pytest.raises(TimeoutError) as raised,
    ):
        client.search("played", "hello", deadline=0.05)
    assert isinstance(raised.value, hamirror.TimedOutError)
    assert raised.value.failures[0].deadline_passed


def test_the_query_is_at_fault() -> None:
    with (
        Player(reply(QUERY_ERROR, version=0x11F)) as one,
        Player(reply(QUERY_ERROR, version=0x11F)) as other,
    ):
        line = f"{one.address}|{other.address}:any"
        config = hamirror.Config.build({"played": {"agent": line}})
        with hamirror.Client(config) as client:
            with pytest.raises(hamirror.QueryError, match="no such field") as raised:
                client.search("played", "hello")
            assert raised.value.failures[0].query_error == "no such field"
            assert all(host.is_living for host in client.status().hosts)


def test_a_bad_query_of_a_real_daemon(client: hamirror.Client, cluster: Cluster) -> None:
    with pytest.raises(hamirror.QueryError, match="no field 'nofield'"):
        client.search(cluster.index, "@nofield hello")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"max_matches": 0}, "max_matches 0"),
        ({"offset": 1000}, "offset 1000"),
        ({"ranker": hamirror.Ranker.expression(" ")}, "has no expression"),
        ({"filters": [hamirror.Filter.values("gid", [])]}, "filter 'gid' has no values"),
        ({"comment": "a\0b"}, "zero byte"),
    ],
)
def test_refused_before_it_is_sent(options: dict[str, Any], text: str) -> None:
    with Player(None) as player, hamirror.Client(player.config()) as client:
        with pytest.raises(hamirror.RequestError, match=text):
            client.search("played", "hello", **options)
        assert player.requests == []


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"limitt": 3}, TypeError, "unexpected keyword argument 'limitt'"),
        ({"limit": "3"}, TypeError, "argument 'limit'"),
        ({"limit": -1}, OverflowError, "argument 'limit'"),
        ({"deadline": -1}, ValueError, "argument 'deadline': -1 s"),
        ({"deadline": float("nan")}, ValueError, "NaN"),
        ({"deadline": "soon"}, TypeError, "argument 'deadline'"),
        ({"match_mode": "some"}, ValueError, "'match_mode': 'some' is none of all, any"),
        ({"completeness": "most"}, ValueError, "'completeness': 'most' is none of best"),
        ({"sort": "gid asc"}, TypeError, "argument 'sort'"),
        ({"filters": [3]}, TypeError, "argument 'filters'"),
        ({"field_weights": [("title", 1)]}, TypeError, "argument 'field_weights'"),
    ],
)
def test_wrong_options(options: dict[str, Any], error: type[Exception], text: str) -> None:
    config = hamirror.Config.build({"dead": {"agent": f"{refused_address()}:docs"}})
    with hamirror.Client(config) as client, pytest.raises(error, match=text):
        client.search("dead", "hello", **options)


def test_aggregates_are_those_of_all_agents(client: hamirror.Client, cluster: Cluster) -> None:
    rows = client.search(cluster.index, "library", limit=1000)
    (row,) = client.search(cluster.index, "library", select="count(*) c")
    assert row["c"] == rows.total_found > 0


def test_very_long_times_are_fine(client: hamirror.Client, cluster: Cluster) -> None:
    times: hamirror.CallOptions = {
        "deadline": 1e18,
        "connect_timeout": 1e18,
        "query_timeout": 1e18,
        "retry_delay": 1e18,
    }
    assert client.search(cluster.index, "library", **times).agents_answered == 2


def test_wrong_client_options() -> None:
    config = hamirror.Config.parse("")
    with pytest.raises(ValueError, match="'keep_connections': 'x' is none of by_line"):
        hamirror.Client(config, keep_connections="x")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="unexpected keyword argument 'x'"):
        hamirror.Client(config, x=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        hamirror.Client("sphinx.conf")  # type: ignore[arg-type]


def test_unknown_names(client: hamirror.Client, cluster: Cluster) -> None:
    ping = hamirror.Request("ping", b"\0\0\0\1", access="read")
    with pytest.raises(LookupError, match="'nothing'") as raised:
        client.search("nothing", "hello")
    assert isinstance(raised.value, hamirror.NotFoundError)
    assert (raised.value.name, raised.value.known) == ("nothing", (cluster.index,))
    copied = pickle.loads(pickle.dumps(raised.value))
    assert (str(copied), copied.known) == (str(raised.value), (cluster.index,))
    with pytest.raises(hamirror.NotFoundError, match="no agent 2") as raised_of_agent:
        client.call(cluster.index, 2, ping)
    assert (raised_of_agent.value.name, raised_of_agent.value.known) == ("2", ("0", "1"))
    with pytest.raises(hamirror.NotFoundError, match="no host") as raised_of_host:
        client.set_addresses("nobody:1", [])
    hosts = tuple(host for mirrors in cluster.shards for host in mirrors)
    assert raised_of_host.value.known == hosts
    with pytest.raises(OverflowError):
        client.call(cluster.index, -1, ping)


def test_a_closed_client_is_refused(cluster: Cluster) -> None:
    client = hamirror.Client(cluster.config())
    assert client.indexes == (cluster.index,)
    client.close()
    client.close()
    assert repr(client) == "<hamirror.Client, closed>"
    for use in (
        client.batch,
        client.status,
        lambda: client.indexes,
        lambda: client.search(cluster.index, "hello"),
    ):
        with pytest.raises(hamirror.MisuseError, match="closed"):
            use()


def test_a_new_configuration_is_taken_over(cluster: Cluster) -> None:
    dead = hamirror.Config.build({"dead": {"agent": f"{refused_address()}:docs"}})
    with hamirror.Client(dead) as client:
        client.reload(cluster.config())
        assert client.indexes == (cluster.index,)
        assert client.search(cluster.index, "library").agents_answered == 2


def test_a_raw_call(client: hamirror.Client, cluster: Cluster) -> None:
    ping = hamirror.Request("ping", b"\1\2\3\4", access="read")
    answer = client.call(cluster.index, 0, ping)
    assert (answer.status, answer.body, answer.warning) == ("ok", b"\1\2\3\4", None)
    assert answer.host in cluster.shards[0]
    assert repr(ping) == "<hamirror.Request command=9 version=0x100 access=read>"
    with pytest.raises(hamirror.Error, match="PERSIST"):
        client.call(cluster.index, 0, hamirror.Request(4, access="read", version=0))


def test_a_raw_request_says_what_it_is() -> None:
    with pytest.raises(ValueError, match="command 9 needs a version"):
        hamirror.Request(9, access="read")  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="'access': 'maybe'"):
        hamirror.Request("ping", access="maybe")  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        hamirror.Request("ping")  # type: ignore[call-overload]


def test_status_tells_of_every_host(cluster: Cluster) -> None:
    # Pings count as succeeded queries, too.
    with hamirror.Client(cluster.config(), background=False) as client:
        for _ in range(3):
            client.search(cluster.index, "library")
        status = client.status()
    addresses = [address for mirrors in cluster.shards for address in mirrors]
    assert [host.name for host in status.hosts] == addresses
    counted = [host.since_start.counters["succeeded_queries"] for host in status.hosts]
    assert sum(counted) == 6
    assert [len(agent.mirrors) for agent in status.agents] == [2, 2]
    assert status.period_s == 60
    rows = dict(status.rows)
    assert rows["ag_0_hostname"] == addresses[0]
    assert status.hosts[0] == status.hosts[0]
