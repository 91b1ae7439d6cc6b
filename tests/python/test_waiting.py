"""Waiting: other threads run, Ctrl-C ends it, many threads share a client, mirrors die."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import hamirror
from daemons import Player

if TYPE_CHECKING:
    from collections.abc import Callable

    from daemons import Cluster

WAITS = {
    "search": 'client.search("played", "hello")',
    "call": 'client.call("played", 0, ping)',
    "wait": "batch.wait()",
    "iterate": "next(batch)",
}

ASK = """
import sys, hamirror
sys.path.append(sys.argv[1])
from daemons import patient
config = hamirror.Config.build({{"played": patient(sys.argv[2] + ":any")}})
client = hamirror.Client(config)
ping = hamirror.Request("ping", b"1234", access="read")
batch = client.batch()
batch.add_search("played", "hello")
try:
    print("asks", flush=True)
    {wait}
except KeyboardInterrupt:
    print("interrupted")
"""

FORK = """
import os, sys, hamirror
client = hamirror.Client(hamirror.Config.read(sys.argv[1]))
def ask():
    for _ in range(100):
        assert client.search(sys.argv[2], "library", completeness="all").agents_answered == 2
ask()
batch = client.batch()
search = batch.add_search(sys.argv[2], "library")
child = os.fork()
if child == 0:
    try:
        batch.wait()
    except hamirror.MisuseError:
        ask()
        os._exit(7)
    os._exit(1)
ask()
assert batch.wait() and search.result().agents_answered == 2
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
"""


@pytest.mark.parametrize("wait", WAITS)
def test_ctrl_c_ends_a_wait(wait: str) -> None:
    with Player(None) as player:
        script = ASK.format(wait=WAITS[wait])
        folder = str(Path(__file__).parent)
        command = [sys.executable, "-B", "-c", script, folder, player.address]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "asks\n"
            # Long enough for the wait to begin; before it, Ctrl-C works without us.
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            assert process.stdout.read() == "interrupted\n"
        assert process.returncode == 0


def test_a_signal_handler_may_not_use_the_batch_it_interrupts() -> None:
    with Player(None) as player, hamirror.Client(player.config()) as client:
        batch = client.batch()
        batch.add_search("played", "hello")

        def handle(_number: int, _frame: object) -> None:
            batch.drive()

        before = signal.signal(signal.SIGALRM, handle)
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        try:
            with pytest.raises(hamirror.MisuseError, match="in use"):
                batch.wait()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        batch.close()


def test_other_threads_run_while_one_waits() -> None:
    with Player(None) as player, hamirror.Client(player.config()) as client:
        ended = threading.Event()

        def ask() -> None:
            with pytest.raises(hamirror.UnansweredError):
                client.search("played", "hello")
            ended.set()

        thread = threading.Thread(target=ask)
        thread.start()
        # This thread runs, and the player's, while the first one waits, or none does ever.
        while not player.requests:
            time.sleep(0.001)
        assert not ended.is_set()
        player.hang_up()
        thread.join()
        assert ended.is_set()


def test_a_forked_child_asks_too(cluster: Cluster) -> None:
    command = [sys.executable, "-c", FORK, str(cluster.config_path), cluster.index]
    subprocess.run(command, check=True)


def test_many_threads_share_a_client(client: hamirror.Client, cluster: Cluster) -> None:
    words = ["library", "files", "tool", "data", "python", "module", "server", "network"]
    expected = {word: ids(client.search(cluster.index, word)) for word in words}

    def ask(number: int) -> bool:
        word = words[number % len(words)]
        return ids(client.search(cluster.index, word)) == expected[word]

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(ask, range(800)))


def test_no_query_is_lost_when_a_mirror_dies(client: hamirror.Client, cluster: Cluster) -> None:
    def answered() -> bool:
        result = client.search(cluster.index, "library", completeness="all")
        return result.agents_answered == 2

    counts = load(answered, lambda: cluster.order("kill", 0, 1))
    cluster.order("start", 0, 1)
    assert counts.failures == []
    assert counts.before > 50
    assert counts.after > 50


def test_no_query_is_lost_when_a_mirror_hangs(client: hamirror.Client, cluster: Cluster) -> None:
    def answered() -> bool:
        options: hamirror.SearchOptions = {"completeness": "all", "query_timeout": 0.5}
        return client.search(cluster.index, "library", **options).agents_answered == 2

    try:
        counts = load(answered, lambda: cluster.order("pause", 1, 0))
    finally:
        cluster.order("resume", 1, 0)
    assert counts.failures == []
    assert counts.after > 50


class Counts:
    """What became of a load's queries."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.failures: list[object] = []
        self.before = 0
        self.after = 0


def load(answered: Callable[[], bool], harm: Callable[[], None]) -> Counts:
    """Asks from four threads, does harm after some queries, and goes on for as many."""
    counts = Counts()
    lock = threading.Lock()
    is_harmed = threading.Event()
    is_over = threading.Event()

    def ask() -> None:
        while not is_over.is_set():
            was_harmed = is_harmed.is_set()
            try:
                failure = None if answered() else "not all answered"
            except hamirror.Error as error:
                failure = str(error)
            with lock:
                if failure is not None:
                    counts.failures.append(failure)
                if was_harmed:
                    counts.after += 1
                else:
                    counts.before += 1

    def wait_until(enough: Callable[[], bool]) -> None:
        while not enough() and not counts.failures:
            time.sleep(0.001)

    with ThreadPoolExecutor(4) as threads:
        for _ in range(4):
            threads.submit(ask)
        wait_until(lambda: counts.before > 200)
        harm()
        is_harmed.set()
        wait_until(lambda: counts.after > 400)
        is_over.set()
    return counts


def ids(result: hamirror.SearchResult) -> list[int]:
    """Document ids in order."""
    return [row.id for row in result]
