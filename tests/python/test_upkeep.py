"""Pings and blackholes, driven by the program; and addresses that it pushes."""

from __future__ import annotations

import select
import time
from typing import TYPE_CHECKING

import pytest

import hamirror
from daemons import Player, patient, refused_address, reply

if TYPE_CHECKING:
    from collections.abc import Iterator

PING = hamirror.Request("ping", b"\1\2\3\4", access="read")
LIMIT_S = 30


@pytest.fixture
def undriven() -> Iterator[hamirror.Client]:
    """A client without a thread: an agent of two mirrors, and a blackhole."""
    with Player(reply) as one, Player(reply) as other, Player(reply) as hole:
        index = patient(f"{one.address}|{other.address}:shard")
        index["agent_blackhole"] = f"{hole.address}:shard"
        config = hamirror.Config.build({"searchd": {"ha_ping_interval": 50}, "d": index})
        with hamirror.Client(config, background=False) as client:
            yield client


def ask_all(client: hamirror.Client) -> None:
    with client.batch() as batch:
        batch.add_index("d", PING)
        assert batch.wait()


def is_done(client: hamirror.Client) -> bool:
    one, other, hole = client.status().hosts
    is_sent = hole.since_start.counters["succeeded_queries"] == 1
    return is_sent and None not in (one.ping_trip_s, other.ping_trip_s)


def test_upkeep_in_a_poll_loop(undriven: hamirror.Client) -> None:
    ask_all(undriven)
    assert undriven.status().blackhole_drops == 1
    with undriven.upkeep() as upkeep:
        with pytest.raises(hamirror.MisuseError, match="driven already"):
            undriven.upkeep()
        ask_all(undriven)
        poll = select.poll()
        poll.register(upkeep, select.POLLIN)
        start = time.monotonic()
        while not is_done(undriven):
            poll.poll(None if upkeep.timeout is None else upkeep.timeout * 1000)
            upkeep.drive()
            assert time.monotonic() < start + LIMIT_S
    for use in (upkeep.drive, upkeep.fileno, lambda: upkeep.timeout, lambda: upkeep.wait(1)):
        with pytest.raises(hamirror.MisuseError, match="closed"):
            use()
    with undriven.upkeep() as again:
        undriven.close()
        again.wait(0.01)


def test_upkeep_that_waits(undriven: hamirror.Client) -> None:
    with undriven.upkeep() as upkeep:
        ask_all(undriven)
        start = time.monotonic()
        while not is_done(undriven):
            upkeep.wait(0.02)
            assert time.monotonic() < start + LIMIT_S


def test_a_client_with_a_thread_has_no_upkeep(client: hamirror.Client) -> None:
    with pytest.raises(hamirror.MisuseError, match="background thread"):
        client.upkeep()


def test_addresses_are_pushed_and_taken_back() -> None:
    with Player(reply) as player:
        port = player.address.rpartition(":")[2]
        host = f"nosuchhost.invalid:{port}"
        config = hamirror.Config.build({"d": {"agent": f"{host}:shard"}})
        with hamirror.Client(config) as client:
            with pytest.raises(hamirror.UnansweredError):
                client.call("d", 0, PING)
            for addresses in ([player.address], ["127.0.0.1"], ("::1", "[::1]", "127.0.0.1")):
                client.set_addresses(host, addresses)
                client.flush_hostnames()
                assert client.call("d", 0, PING).body == b"\1\2\3\4"
            (status,) = client.status().hosts
            assert status.addresses[-1] == player.address
            for refused in (["box1"], ["127.0.0.1:x"], [""]):
                with pytest.raises(hamirror.RequestError, match="no IP address"):
                    client.set_addresses(host, refused)
            with pytest.raises(hamirror.NotFoundError, match="no host 'none'"):
                client.set_addresses("none", [])
            with pytest.raises(TypeError, match="one text"):
                client.set_addresses(host, "127.0.0.1")
            with pytest.raises(TypeError, match="addresses"):
                client.set_addresses(host, [3])  # type: ignore[list-item]
            client.set_addresses(host, [])
            with pytest.raises(hamirror.UnansweredError):
                client.call("d", 0, PING)


def test_status_tells_all_that_rust_knows() -> None:
    dead = refused_address()
    with Player(reply) as player:
        index = {
            "agent": [f"{player.address}:shard", f"{dead}:shard"],
            "agent_blackhole": f"{dead}:shard",
            "local": "here",
        }
        config = hamirror.Config.build({"searchd": {"ha_ping_interval": 0}, "d": index})
        with hamirror.Client(config, background=False, keep_connections="always") as client:
            for _ in range(20):
                client.call("d", 0, PING)
            for _ in range(4):
                with pytest.raises(hamirror.UnansweredError):
                    client.call("d", 1, PING)
            status = client.status()
            shown = client.show("SHOW AGENT STATUS LIKE 'ag_0_%name'")
            manticore = client.show("show agent 'd' status", flavour="manticore")
            text = client.prometheus()
            with pytest.raises(hamirror.RequestError, match="SHOW TABLES"):
                client.show("SHOW TABLES")
            with pytest.raises(ValueError, match="'flavour': 'x' is none of sphinx"):
                client.show("SHOW STATUS", flavour="x")  # type: ignore[arg-type]
    living, broken = status.hosts
    assert (living.state, broken.state) == ("living", "dead")
    assert living.state_for_s > 0
    assert (living.kept_connections, living.busy_connections, living.in_flight) == (1, 0, 0)
    assert (living.keeps_connections, living.is_pinged, living.ping_trip_s) == (True, False, None)
    assert (living.addresses, living.needs_lookup) == ((player.address,), False)
    for latencies in (*living.latencies, living.latencies_since_start):
        assert latencies.count == 20
        assert latencies.p50_s is not None
        assert latencies.p90_s is not None
        assert latencies.p99_s is not None
        assert latencies.max_s is not None
        assert 0 <= latencies.p50_s <= latencies.p90_s <= latencies.p99_s <= latencies.max_s
        assert latencies.max_s <= latencies.sum_s
    assert broken.latencies_since_start.p50_s is None
    assert broken.last_failure is not None
    assert broken.last_failure.phase == "connect"
    assert [agent.is_blackhole for agent in status.agents + status.blackholes] == [0, 0, 1]
    assert status.agents[0].is_persistent
    (mirror,) = status.agents[0].mirrors
    assert (mirror.host, mirror.since_start.counters["succeeded_queries"]) == (player.address, 20)
    assert status.indexes == (hamirror.status.IndexStatus(name="d", locals=("here",)),)
    assert (status.dist_queries, status.agent_connects, status.agent_retries) == (24, 5, 0)
    assert shown.columns == ("Key", "Value")
    assert shown.rows == (("ag_0_hostname", player.address),)
    assert dict(manticore.rows)["dstindex_local_1"] == "here"
    expected = f'hamirror_host_queries_total{{host="{player.address}",outcome="succeeded"}} 20'
    assert expected in text.splitlines()
