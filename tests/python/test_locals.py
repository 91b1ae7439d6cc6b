"""Local indexes that the program searches itself: here, by asking the daemon that has them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

import hamirror
from daemons import CAPTURES, Player, patient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemons import Cluster


@pytest.fixture
def mixed(cluster: Cluster) -> Iterator[hamirror.Client]:
    """`mixed` has one agent and one local index, `own` the agent that has the latter."""
    (one, *_), (other, *_) = cluster.shards
    sections = {
        "mixed": {"agent": f"{one}:packages0", "local": "packages1"},
        "own": {"agent": f"{other}:packages1"},
    }
    with hamirror.Client(hamirror.Config.build(sections)) as client:
        yield client


def answer(client: hamirror.Client, name: str, body: bytes) -> hamirror.Reply:
    assert name == "packages1"
    return client.call("own", 0, hamirror.Request("search", body, access="read"))


def ids(result: hamirror.SearchResult) -> list[int]:
    return [row.id for row in result]


def test_a_function_searches_what_is_local(
    mixed: hamirror.Client, client: hamirror.Client, cluster: Cluster
) -> None:
    whole = client.search(cluster.index, "library")
    for with_version in (False, True):

        def search(
            name: str, body: bytes, with_version: bool = with_version
        ) -> bytes | tuple[int, bytes]:
            found = answer(mixed, name, body)
            return (found.version, found.body) if with_version else found.body

        result = mixed.search("mixed", "library", local=search)
        assert ids(result) == ids(whole)
        assert (result.total_found, result.warning) == (whole.total_found, None)


def test_agents_are_driven_while_a_function_searches() -> None:
    answer = (CAPTURES / "search_allattrs_master14_11F.rep.bin").read_bytes()
    with Player(None) as hung, Player(answer) as well:
        settings = patient(f"{hung.address}|{well.address}:any") | {"ha_strategy": "roundrobin"}
        config = hamirror.Config.build({"mixed": {**settings, "local": "own"}})

        asked = 0

        def search(name: str, _: bytes) -> bytes:
            until = time.monotonic() + 20
            while len(well.requests) < asked and time.monotonic() < until:
                time.sleep(0.001)
            raise hamirror.LocalError(f"{name} waited: {len(well.requests) >= asked}")

        # Nobody else asks the mirrors, such as by pings.
        with hamirror.Client(config, background=False) as client:
            # The first pick of one of them is the mirror that hangs.
            for _ in range(2):
                asked += 1
                result = client.search("mixed", "library", local=search)
                assert result.agents_answered == 1
                assert "own waited: True" in str(result.failures)


def test_a_local_failure_is_told(mixed: hamirror.Client) -> None:
    def fail(name: str, _: bytes) -> bytes:
        raise hamirror.LocalError(f"no disk for {name}")

    result = mixed.search("mixed", "library", local=fail)
    assert len(result) > 0
    (failure,) = result.failures
    assert (failure.local, failure.query_error) == ("packages1", "no disk for packages1")
    with pytest.raises(hamirror.AgentsError, match="no disk"):
        mixed.search("mixed", "library", local=fail, completeness="all")
    unsearched = mixed.search("mixed", "library")
    assert unsearched.warning is not None
    assert "local index packages1 not searched" in unsearched.warning
    for completeness in ("all", 51):
        with pytest.raises(hamirror.UnansweredError, match="packages1: not searched"):
            mixed.search("mixed", "library", completeness=completeness)
    half = mixed.search("mixed", "library", completeness=50)
    assert [failure.local for failure in half.failures] == ["packages1"]


def test_other_exceptions_and_nonsense_end_the_search(mixed: hamirror.Client) -> None:
    def interrupt(_: str, __: bytes) -> bytes:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mixed.search("mixed", "library", local=interrupt)
    with pytest.raises(hamirror.RequestError, match="packages1"):
        mixed.search("mixed", "library", local=lambda _, __: b"nonsense")
    no_bytes: Any = lambda _, __: 3  # noqa: E731
    with pytest.raises(TypeError):
        mixed.search("mixed", "library", local=no_bytes)
    with pytest.raises(TypeError):
        mixed.search("mixed", "library", local=3)  # type: ignore[arg-type]


@pytest.mark.parametrize("runs", [False, True])
def test_locals_of_a_batch(
    mixed: hamirror.Client, client: hamirror.Client, cluster: Cluster, runs: bool
) -> None:
    whole = client.search(cluster.index, "library")
    with mixed.batch() as batch, mixed.batch() as other:
        search = batch.add_search("mixed", "library")
        failed = batch.add_search("mixed", "library")
        if runs:
            batch.run()
        else:
            assert batch.wait_sent()
        assert batch.locals(search) == ("packages1",)
        found = answer(mixed, "packages1", batch.local_request(search, "packages1"))
        with pytest.raises(hamirror.MisuseError, match="does not run in this batch"):
            other.locals(search)
        with pytest.raises(hamirror.NotFoundError, match="'nothing'"):
            batch.local_request(search, "nothing")
        with pytest.raises(hamirror.RequestError, match="malformed"):
            batch.add_local(search, "packages1", b"nonsense")
        batch.add_local(search, "packages1", found.body, version=found.version)
        batch.fail_local(failed, "packages1", "no disk")
        assert batch.locals(search) == batch.locals(failed) == ()
        assert batch.join() if runs else batch.wait()
        with pytest.raises(hamirror.MisuseError, match="does not run"):
            batch.add_local(search, "packages1", found.body)
    assert ids(search.result()) == ids(whole)
    assert "no disk" in str(failed.result().failures[0])


def test_wait_sent_without_anything_to_send(client: hamirror.Client) -> None:
    with client.batch() as batch:
        assert batch.wait_sent(0)
