"""What became of each agent, soft time-outs, and keys that keep to a mirror. No clock decides."""

from __future__ import annotations

import asyncio
import copy
import pickle
from typing import Any

import pytest

import hamirror
import hamirror.aio
from daemons import CAPTURES, Player, refused_address

ROWS = (CAPTURES / "search_allattrs_master14_11F.rep.bin").read_bytes()
HOUR: hamirror.CallOptions = {"deadline": 3600, "query_timeout": 3600, "connect_timeout": 3600}
SOFT: hamirror.CallOptions = {**HOUR, "soft_timeout": (60, 0)}


def config_of(*agents: str) -> hamirror.Config:
    return hamirror.Config.build({"d": {"agent": list(agents)}})


def test_a_soft_timeout_ends_a_search_of_any_kind() -> None:
    with Player(ROWS) as one, Player(None) as silent, Player(ROWS) as other:
        agents = [f"{player.address}:i" for player in (one, silent, other)]
        with hamirror.Client(config_of(*agents)) as client:
            client_result = client.search("d", "x", **SOFT)
            with client.batch() as batch:
                pending = batch.add_search("d", "x", **SOFT)
                batch.wait()
            (answer,) = client.execute("SELECT * FROM d", **SOFT)

            async def ask() -> hamirror.SearchResult:
                async with hamirror.aio.Client(config_of(*agents)) as client:
                    return await client.search("d", "x", **SOFT)

            for told in (client_result, pending.result(), asyncio.run(ask()), answer):
                hosts = [(outcome.agent, outcome.host) for outcome in told.outcomes]
                assert hosts == [(0, one.address), (1, None), (2, other.address)]
                assert [outcome.index for outcome in told.outcomes] == ["d"] * 3
                first, rest, _ = told.outcomes
                assert (first.failure, first.is_complete, first.attempts) == (None, True, 1)
                assert first.elapsed_s > 0
                assert first.kept_mirror is None
                assert rest.failure == told.failures[0]
                assert rest.failure is not None
                assert rest.failure.soft_timeout_passed
                assert not rest.failure.deadline_passed
                assert (rest.is_complete, rest.is_partial) == (False, False)
                coverage = told.coverage
                assert coverage is not None
                assert (coverage.complete, coverage.partial, coverage.agents) == (2, 0, 3)
                assert coverage.documents is None
            shown = client.execute("SHOW TABLES")[0]
            assert (shown.outcomes, shown.coverage) == ((), None)
            for made in (pickle.loads(pickle.dumps(client_result)), copy.copy(client_result)):
                assert made.outcomes == client_result.outcomes
                assert made.coverage == client_result.coverage


def test_a_result_of_all_covers_all_documents() -> None:
    with Player(ROWS) as player, hamirror.Client(player.config()) as client:
        coverage = client.search("played", "x").coverage
    assert (coverage.complete, coverage.agents, coverage.documents) == (1, 1, 1.0)


def test_a_key_keeps_to_a_mirror_and_the_result_tells() -> None:
    with Player(ROWS) as one, Player(ROWS) as other:
        mirrors = [f"{player.address}:i" for player in (one, other)]
        # Where a silent mirror may be left for another, the clock would decide.
        calm: hamirror.CallOptions = {"failover": False, **HOUR}
        found: dict[str, str | None] = {}
        for seed, line in enumerate(("|".join(mirrors), "|".join(reversed(mirrors)))):
            with hamirror.Client(config_of(line), seed=seed) as client:
                for user in range(16):
                    key = f"user {user}"
                    for given in (key, key.encode()):
                        keyed: hamirror.CallOptions = {**calm, "mirror_key": given}
                        result = client.search("d", "x", **keyed)
                        (outcome,) = result.outcomes
                        assert outcome.kept_mirror is True
                        assert found.setdefault(key, outcome.host) == outcome.host
        assert set(found.values()) == {one.address, other.address}

        dead = refused_address()
        with hamirror.Client(config_of(f"{dead}:i|{mirrors[0]}")) as client:
            kept = []
            for user in range(32):
                options: hamirror.CallOptions = {**HOUR, "mirror_key": f"user {user}"}
                kept.append(client.search("d", "x", **options).outcomes[0])
    assert {outcome.host for outcome in kept} == {one.address}
    assert {outcome.kept_mirror for outcome in kept} == {True, False}


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"soft_timeout": (0, 10)}, ValueError, "'soft_timeout': .* give 1 to 100"),
        ({"soft_timeout": (2**70, 10)}, ValueError, "'soft_timeout': .* give 1 to 100"),
        ({"soft_timeout": (50, 101)}, ValueError, "'soft_timeout': .* give 0 to 100"),
        ({"soft_timeout": (50, -1)}, ValueError, "'soft_timeout': .* give 0 to 100"),
        ({"soft_timeout": (True, 1)}, TypeError, "'soft_timeout': True is no number"),
        ({"soft_timeout": 50}, TypeError, "'soft_timeout'"),
        ({"mirror_key": 17}, TypeError, "'mirror_key'"),
    ],
)
def test_wrong_options(options: dict[str, Any], error: type[Exception], text: str) -> None:
    with (
        hamirror.Client(config_of(f"{refused_address()}:i")) as client,
        pytest.raises(error, match=text),
    ):
        client.search("d", "x", **options)
