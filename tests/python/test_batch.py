"""Many calls at once: waited for, iterated over, or driven by an event loop."""

from __future__ import annotations

import asyncio
import contextlib
import select
import threading
import time
from typing import TYPE_CHECKING

import pytest

import hamirror
from daemons import Player, patient, refused_address, reply

if TYPE_CHECKING:
    from daemons import Cluster

PING = hamirror.Request("ping", b"\1\2\3\4", access="read")
WORDS = ["library", "files", "tool", "data"]


def test_searches_and_replies_are_waited_for(client: hamirror.Client, cluster: Cluster) -> None:
    with client.batch() as batch:
        searches = [batch.add_search(cluster.index, word, limit=3) for word in WORDS]
        pings = batch.add_index(cluster.index, PING)
        one = batch.add_agent(cluster.index, 1, PING)
        assert (len(pings), [ping.agent for ping in pings], one.agent) == (2, [0, 1], 1)
        assert batch.pending == 2 * len(WORDS) + 3
        assert batch.wait()
        assert (batch.pending, batch.timeout) == (0, None)
    for word, search in zip(WORDS, searches, strict=True):
        assert search.done
        expected = client.search(cluster.index, word, limit=3)
        assert [row.id for row in search.result()] == [row.id for row in expected]
        assert search.result() is search.result()
    assert {ping.result().body for ping in [*pings, one]} == {b"\1\2\3\4"}


def test_what_ends_is_iterated_over(client: hamirror.Client, cluster: Cluster) -> None:
    with client.batch() as batch:
        assert list(batch) == []
        added = {batch.add_search(cluster.index, word) for word in WORDS}
        ended = set()
        for one in batch:
            assert one.done
            ended.add(one)
            if len(ended) == 2:
                added.add(batch.add_search(cluster.index, "mirror"))
        assert ended == added


def test_what_was_added_is_told_once(client: hamirror.Client, cluster: Cluster) -> None:
    def add(batch: hamirror.Batch) -> list[object]:
        added: list[object] = []
        for word in WORDS:
            added += batch.add_index(cluster.index, PING)
            added.append(batch.add_search(cluster.index, word))
            added.append(batch.add_agent(cluster.index, 1, PING))
        return added

    with client.batch() as iterated, client.batch() as driven, client.batch() as waited:
        added = add(iterated)
        ended: list[object] = list(iterated)
        assert (len(ended), set(ended)) == (len(added), set(added))
        added, ended = add(driven), []
        while len(ended) < len(added):
            select.select([driven], [], [], driven.timeout)
            ended += driven.drive()
        assert set(ended) == set(added)
        # What one wait found is told by the next drive, and not again.
        added = add(waited)
        assert waited.wait()
        ended = list(waited.drive())
        assert (len(ended), set(ended)) == (len(added), set(added))
        assert all(batch.drive() == [] for batch in (iterated, driven, waited))
        assert all(batch.timeout is None for batch in (iterated, driven, waited))


def test_a_search_of_blackholes_alone_ends_though_nobody_answers() -> None:
    config = hamirror.Config.build({"dark": {"agent_blackhole": f"{refused_address()}:docs"}})
    with hamirror.Client(config) as client, client.batch() as batch:
        first, second = (batch.add_search("dark", "hello") for _ in range(2))
        assert batch.timeout == 0
        assert batch.drive() == [first, second]
        last = batch.add_search("dark", "hello")
        assert batch.wait()
        assert list(batch) == [last]
        for search in (first, second, last):
            with pytest.raises(hamirror.UnansweredError):
                search.result()


def test_what_is_cancelled_ends_without_an_answer(
    client: hamirror.Client, cluster: Cluster
) -> None:
    with client.batch() as batch, client.batch() as other:
        search = batch.add_search(cluster.index, WORDS[0])
        ping, kept = batch.add_index(cluster.index, PING)
        other.cancel(ping)
        batch.cancel(ping)
        batch.cancel(search)
        assert set(batch) == {search, ping, kept}
        batch.cancel(kept)
    assert kept.result().body == b"\1\2\3\4"
    for cancelled in (search, ping):
        with pytest.raises(hamirror.UnansweredError) as caught:
            cancelled.result()
        assert all(failure.cancelled for failure in caught.value.failures)


def test_a_batch_in_a_poll_loop(client: hamirror.Client, cluster: Cluster) -> None:
    with client.batch() as batch:
        added = [batch.add_search(cluster.index, word) for word in WORDS]
        poll = select.poll()
        poll.register(batch, select.POLLIN)
        ended: list[object] = []
        while batch.pending:
            assert batch.timeout is not None
            poll.poll(batch.timeout * 1000)
            ended += batch.drive()
        ended += batch.drive()
    assert set(ended) == set(added)
    assert all(search.result().agents_answered == 2 for search in added)


def test_a_batch_in_asyncio(client: hamirror.Client, cluster: Cluster) -> None:
    async def search(word: str) -> hamirror.SearchResult:
        loop = asyncio.get_running_loop()
        with client.batch() as batch:
            pending = batch.add_search(cluster.index, word)
            ready = asyncio.Event()
            loop.add_reader(batch.fileno(), ready.set)
            try:
                while not pending.done:
                    with contextlib.suppress(asyncio.TimeoutError):
                        await asyncio.wait_for(ready.wait(), batch.timeout)
                    ready.clear()
                    batch.drive()
            finally:
                loop.remove_reader(batch.fileno())
        return pending.result()

    async def search_all() -> list[hamirror.SearchResult]:
        return await asyncio.gather(*map(search, WORDS))

    results = asyncio.run(search_all())
    assert [result.agents_answered for result in results] == [2] * len(WORDS)


def test_a_batch_runs_on_a_thread_while_the_program_works() -> None:
    with Player(None) as hung, Player(reply) as well:
        settings = {**patient(f"{hung.address}|{well.address}:any"), "ha_strategy": "roundrobin"}
        config = hamirror.Config.build({"pair": settings})
        with hamirror.Client(config, background=False) as client, client.batch() as batch:
            # The first pick of one of them is the mirror that hangs.
            pings = [batch.add_agent("pair", 0, PING) for _ in range(2)]
            batch.run()
            for refused in (batch.run, batch.drive, batch.wait, batch.wait_sent):
                with pytest.raises(hamirror.MisuseError, match=r"join it first|runs"):
                    refused()
            with pytest.raises(hamirror.MisuseError, match="join it first"):
                _ = batch.pending
            assert batch.fileno() >= 0
            # Work that the batch does not come into.
            while len(well.requests) < len(pings):
                time.sleep(0.001)
            assert batch.join(60)
            assert set(batch) == set(pings)
            assert {ping.result().host for ping in pings} == {well.address}
            with pytest.raises(hamirror.MisuseError, match="does not run"):
                batch.join()


def test_a_join_with_a_limit_gives_back_what_still_runs() -> None:
    with Player(None) as hung, hamirror.Client(hung.config()) as client:
        batch = client.batch()
        ping = batch.add_agent("played", 0, PING)
        batch.run()
        assert not batch.join(0.01)
        assert batch.pending == 1
        batch.run()
        # Closed while it runs.
        batch.close()
        assert not ping.done


def test_failures_stay_with_their_calls(client: hamirror.Client, cluster: Cluster) -> None:
    config = hamirror.Config.build({"dead": {"agent": f"{refused_address()}:docs"}})
    with hamirror.Client(config) as client, client.batch() as batch:
        search = batch.add_search("dead", "hello")
        (ping,) = batch.add_index("dead", PING)
        assert len(list(batch)) == 2
        for pending in (search, ping):
            for _ in range(2):
                with pytest.raises(hamirror.UnansweredError, match="refused"):
                    pending.result()
            assert "failed" in repr(pending)


def test_a_wait_may_be_too_short() -> None:
    with Player(None) as player, hamirror.Client(player.config()) as client:
        with client.batch() as batch:
            search = batch.add_search("played", "hello")
            assert not batch.wait(0.02)
            assert not batch.wait(0)
            assert not search.done
            with pytest.raises(hamirror.MisuseError, match="no result yet"):
                search.result()
        with pytest.raises(hamirror.MisuseError, match="no result yet"):
            search.result()


def test_a_closed_batch_is_refused(client: hamirror.Client, cluster: Cluster) -> None:
    batch = client.batch()
    batch.close()
    batch.close()
    for use in (
        batch.wait,
        batch.drive,
        batch.fileno,
        lambda: batch.timeout,
        lambda: batch.pending,
        lambda: next(batch),
        lambda: batch.add_search(cluster.index, "hello"),
    ):
        with pytest.raises(hamirror.MisuseError, match="closed"):
            use()


def test_two_threads_may_not_use_one_batch() -> None:
    with Player(None) as player, hamirror.Client(player.config()) as client:
        batch = client.batch()
        batch.add_search("played", "hello")
        waits = threading.Event()
        refusals: list[str] = []

        def meddle() -> None:
            waits.wait()
            while not refusals:
                try:
                    batch.drive()
                except hamirror.MisuseError as error:
                    refusals.append(str(error))

        thread = threading.Thread(target=meddle)
        thread.start()
        waits.set()
        while not refusals:
            try:
                batch.wait(0.05)
            except hamirror.MisuseError:
                continue
        thread.join()
        assert "in use by another thread" in refusals[0]
        batch.close()


def test_refused_searches_leave_the_batch_whole(client: hamirror.Client, cluster: Cluster) -> None:
    with client.batch() as batch:
        first = batch.add_search(cluster.index, "library")
        with pytest.raises(hamirror.RequestError):
            batch.add_search(cluster.index, "library", max_matches=0)
        with pytest.raises(hamirror.NotFoundError):
            batch.add_search("nothing", "library")
        with pytest.raises(TypeError, match=r"add_index\(\) got an unexpected"):
            batch.add_index(cluster.index, PING, limit=3)  # type: ignore[call-arg]
        last = batch.add_search(cluster.index, "mirror")
        assert list(batch) in ([first, last], [last, first])
