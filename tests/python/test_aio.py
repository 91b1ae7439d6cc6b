"""The client for asyncio, on asyncio's own loop and on uvloop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

import hamirror
import hamirror.aio
from daemons import CAPTURES, HANDSHAKE, PERSIST, Player, patient, reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from daemons import Cluster
    from loops import Loops

ALL_ATTRIBUTES = (CAPTURES / "search_allattrs_master14_11F.rep.bin").read_bytes()
PING = hamirror.Request("ping", b"\1\2\3\4", access="read")
WORDS = ["library", "files", "tool", "data"]
AT_ONCE = 1_000


class Agent:
    """An agent on the loop itself: it answers searches once it is let."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.answers = asyncio.Event()
        self.hung_up = asyncio.Event()
        self.address = ""
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.write(HANDSHAKE)
        try:
            await reader.readexactly(len(HANDSHAKE))
            while True:
                command, _, length = struct.unpack(">HHI", await reader.readexactly(8))
                await reader.readexactly(length)
                if command != PERSIST:
                    self.asked.set()
                    await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.hung_up.set()
        finally:
            writer.close()
            self.connections -= 1

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        gone = asyncio.ensure_future(reader.readexactly(1))
        let = asyncio.ensure_future(self.answers.wait())
        await asyncio.wait({gone, let}, return_when=asyncio.FIRST_COMPLETED)
        for task in (gone, let):
            task.cancel()
        ended = await asyncio.gather(gone, let, return_exceptions=True)
        if isinstance(ended[0], (ConnectionError, asyncio.IncompleteReadError)):
            raise ended[0]
        writer.write(ALL_ATTRIBUTES)


@contextlib.asynccontextmanager
async def agents(count: int) -> AsyncIterator[tuple[list[Agent], hamirror.aio.Client]]:
    """Fake agents, and a client of the indexes `d0`, `d1`, ... of one of them each."""
    made = [Agent() for _ in range(count)]
    servers = []
    sections: dict[str, Any] = {}
    for number, agent in enumerate(made):
        server = await asyncio.start_server(agent.serve, "127.0.0.1", 0)
        agent.address = "{}:{}".format(*server.sockets[0].getsockname())
        servers.append(server)
        sections[f"d{number}"] = patient(f"{agent.address}:any")
    async with hamirror.aio.Client(hamirror.Config.build(sections)) as client:
        yield made, client
    while any(agent.connections for agent in made):
        await asyncio.sleep(0.001)
    for server in servers:
        server.close()
        await server.wait_closed()


def ids(result: hamirror.SearchResult) -> list[int]:
    return [row.id for row in result]


def test_calls_answer_as_those_that_wait(
    loops: Loops, client: hamirror.Client, cluster: Cluster
) -> None:
    statement = f"SELECT id FROM {cluster.index} WHERE MATCH(?); SHOW META"
    searches = [hamirror.Search(word, limit=3) for word in WORDS]

    async def main() -> None:
        async with hamirror.aio.connect(cluster.config_path) as same:
            assert same.indexes == client.indexes
            found = await asyncio.gather(*(same.search(cluster.index, word) for word in WORDS))
            for word, result in zip(WORDS, found, strict=True):
                assert list(result) == list(client.search(cluster.index, word))
            together = await same.search_all(cluster.index, searches)
            expected = client.search_all(cluster.index, searches)
            assert [ids(result) for result in together] == [ids(result) for result in expected]
            rows, meta = await same.execute(statement, ["library"])
            assert list(rows) == list(client.execute(statement, ["library"])[0])
            assert ("total_found", str(rows.total_found)) in list(meta)
            assert (await same.call(cluster.index, 1, PING)).body == b"\1\2\3\4"
            replies = await same.call_index(cluster.index, PING)
            assert [one.result().body for one in replies] == [b"\1\2\3\4"] * 2
            assert len(same.status().hosts) == len(client.status().hosts)
            # Nothing runs, so nothing is held for the loop.
            assert same._loops == {}

    loops.run(main())


def test_a_thousand_searches_at_once_share_a_descriptor_and_no_thread(loops: Loops) -> None:
    lock, all_asked = threading.Lock(), threading.Event()
    asked = 0
    seen: list[tuple[int, int]] = []

    def answer(_: bytes) -> bytes:
        nonlocal asked
        with lock:
            asked += 1
            if asked == AT_ONCE:
                seen.append(descriptors_and_threads())
                all_asked.set()
        all_asked.wait()
        return ALL_ATTRIBUTES

    def descriptors_and_threads() -> tuple[int, int]:
        links = [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")]
        polls = sum("eventpoll" in os.readlink(link) for link in links if os.path.lexists(link))
        return polls, len(os.listdir("/proc/self/task")) - threading.active_count()

    async def main(client: hamirror.aio.Client) -> list[hamirror.SearchResult]:
        seen.append(descriptors_and_threads())
        searches = (client.search("played", f"word{number}") for number in range(AT_ONCE))
        return await asyncio.gather(*searches)

    with Player(answer) as player:
        client = hamirror.aio.Client(player.config(), background=False)
        results = loops.run(main(client))
        client.close()
    assert len(results) == AT_ONCE
    assert all(ids(result) == ids(results[0]) for result in results)
    (polls, threads), (polls_then, threads_then) = seen
    assert (polls_then - polls, threads_then - threads) == (1, 0)


@pytest.mark.parametrize("way", ["cancel", "timeout"])
def test_a_cancelled_task_takes_its_call_back(loops: Loops, way: str) -> None:
    if way == "timeout" and sys.version_info < (3, 11):
        pytest.skip("asyncio.timeout came with Python 3.11")

    async def main() -> None:
        async with agents(2) as ((hung, well), client):
            well.answers.set()
            if way == "cancel":
                task = asyncio.ensure_future(client.search("d0", "hello"))
                await hung.asked.wait()
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            else:

                async def expire() -> None:
                    await hung.asked.wait()
                    limit.reschedule(asyncio.get_running_loop().time())

                async def limited() -> None:
                    async with limit:
                        await client.search("d0", "hello")

                limit = asyncio.timeout(None)
                expiry = asyncio.ensure_future(expire())
                with pytest.raises(TimeoutError):
                    await limited()
                await expiry
            # The agent sees it, and others are asked as ever.
            await hung.hung_up.wait()
            assert (await client.search("d1", "hello")).agents_answered == 1
            assert client._loops == {}

    loops.run(main())


def test_a_cancelled_statement_is_taken_back(loops: Loops) -> None:
    async def main() -> None:
        async with agents(1) as ((hung,), client):
            session = client.session()
            task = asyncio.ensure_future(session.execute("SELECT * FROM d0"))
            await hung.asked.wait()
            with pytest.raises(hamirror.MisuseError, match="another task"):
                await session.execute("SHOW META")
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await hung.hung_up.wait()
            assert len(await session.execute("SHOW TABLES")) == 1

    loops.run(main())


def test_what_ends_is_iterated_over_as_it_ends(loops: Loops) -> None:
    async def main() -> None:
        async with agents(3) as ((first, second, hung), client), client.batch() as batch:
            slow = batch.add_search("d0", "hello")
            quick = batch.add_search("d1", "hello")
            left = batch.add_search("d2", "hello")
            order = []
            second.answers.set()
            async for ended in batch:
                order.append(ended)
                first.answers.set()
                if ended is slow:
                    await hung.asked.wait()
                    batch.cancel(left)
            assert order == [quick, slow, left]
            assert slow.result().agents_answered == 1
            with pytest.raises(hamirror.UnansweredError):
                left.result()
            again = batch.add_search("d0", "hello")
            await batch.wait()
            assert (batch.pending, again.done) == (0, True)
            hung.asked.clear()
            batch.add_search("d2", "hello")
            waits = asyncio.ensure_future(batch.wait())
            await hung.asked.wait()
            batch.close()
            with pytest.raises(hamirror.MisuseError, match="closed"):
                await waits

    loops.run(main())


class OwnError(Exception):
    """An exception that the package knows nothing of."""


def test_exceptions_reach_the_task_that_caused_them(loops: Loops) -> None:
    def fail(_: object) -> Any:
        raise OwnError

    async def main(client: hamirror.aio.Client) -> None:
        refused = hamirror.Request(99, b"x", access="read", version=0x100, judge=fail)
        unbuilt = hamirror.Request(99, fail, access="read", version=0x100)
        well = hamirror.Request(99, b"x", access="read", version=0x100)
        asked = (client.call("played", 0, one) for one in (refused, well, unbuilt))
        one, other, last = await asyncio.gather(*asked, return_exceptions=True)
        assert isinstance(one, OwnError)
        assert isinstance(last, OwnError)
        assert isinstance(other, hamirror.Reply)
        for wrong in (client.search("nothing", "a"), client.search("played", "a", max_matches=0)):
            with pytest.raises((hamirror.NotFoundError, hamirror.RequestError)):
                await wrong
        assert client._loops == {}

    with Player(reply) as player:
        loops.run(main(hamirror.aio.Client(player.config())))


def test_a_closed_client_lets_calls_end(loops: Loops) -> None:
    async def main() -> None:
        async with agents(1) as ((agent,), client):
            task = asyncio.ensure_future(client.search("d0", "hello"))
            await agent.asked.wait()
            client.close()
            for refused in (client.search("d0", "hello"), client.execute("SHOW META")):
                with pytest.raises(hamirror.MisuseError, match="closed"):
                    await refused
            with pytest.raises(hamirror.MisuseError, match="closed"):
                client.batch()
            agent.answers.set()
            assert (await task).agents_answered == 1

    loops.run(main())


def test_a_loop_may_be_closed_under_a_call() -> None:
    with Player(None) as hung, Player(ALL_ATTRIBUTES) as well:
        sections = {"hung": patient(f"{hung.address}:a"), "well": patient(f"{well.address}:a")}
        with hamirror.Client(hamirror.Config.build(sections)) as blocking:
            client = hamirror.aio.Client.of(blocking)
            first = asyncio.new_event_loop()
            call = client.search("hung", "hello")
            task = first.create_task(call)
            first.run_until_complete(asyncio.sleep(0.01))
            # Who closes a loop so is told of the task that is lost.
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            first.close()
            second = asyncio.new_event_loop()
            result = second.run_until_complete(client.search("well", "hello"))
            assert result.agents_answered == 1
            second.close()
            assert client._loops == {}
            del task
            call.close()


def test_loops_of_several_threads_share_a_client(
    loops: Loops, client: hamirror.Client, cluster: Cluster
) -> None:
    shared = hamirror.aio.Client.of(client)
    expected = [ids(client.search(cluster.index, word)) for word in WORDS]
    found: list[list[list[int]]] = []

    async def main() -> list[list[int]]:
        searches = (shared.search(cluster.index, word) for word in WORDS * 5)
        return [ids(result) for result in await asyncio.gather(*searches)]

    threads = [threading.Thread(target=lambda: found.append(loops.run(main()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected * 5] * 4


FORK = """
import asyncio, os, sys
import hamirror.aio

async def ask(client):
    searches = [client.search(sys.argv[2], word) for word in ["library", "files", "tool"]]
    return [len(one) for one in await asyncio.gather(*searches)]

async def fork_under_a_call(client):
    call = asyncio.ensure_future(client.search(sys.argv[2], "library"))
    await asyncio.sleep(0)
    child = os.fork()
    if child == 0:
        return None
    await call
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    return child

client = hamirror.aio.connect(sys.argv[1], background=False)
expected = asyncio.run(ask(client))
loop = asyncio.new_event_loop()
try:
    parent = loop.run_until_complete(fork_under_a_call(client))
except BaseException:
    os._exit(3)
if parent is None:
    # A loop does not outlive a fork; a new one does in the child what the old one did.
    os._exit(0 if asyncio.run(ask(client)) == expected else 1)
loop.close()
assert asyncio.run(ask(client)) == expected
"""


def test_a_forked_child_asks_on_a_loop_of_its_own(cluster: Cluster, tmp_path: Path) -> None:
    script = tmp_path / "fork.py"
    script.write_text(FORK)
    command = [sys.executable, "-B", str(script), str(cluster.config_path), cluster.index]
    subprocess.run(command, check=True, timeout=50)
