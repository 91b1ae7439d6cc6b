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
from daemons import Player, reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from daemons import Cluster

WAITS = {
    "search": 'client.search("played", "hello")',
    "call": 'client.call("played", 0, ping)',
    "wait": "batch.wait()",
    "iterate": "next(batch)",
    "join": "batch.run(); batch.join()",
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

# The constructor of a library holds the lock of the dynamic loader: no thread begins meanwhile.
CONSTRUCTOR = """
#include <stdlib.h>
__attribute__((constructor)) static void begin(void)
{
    ((void (*)(void))strtoull(getenv("CALLBACK"), NULL, 10))();
}
"""

UNBEGUN = """
import ctypes, os, sys, hamirror
sys.path.append(sys.argv[1])
from daemons import patient
config = hamirror.Config.build({"played": patient(sys.argv[2] + ":any")})
client = hamirror.Client(config)
batch = client.batch()
batch.add_search("played", "hello")
@ctypes.CFUNCTYPE(None)
def work():
    batch.run()
    try:
        print("asks", flush=True)
        batch.join()
    except KeyboardInterrupt:
        print("interrupted")
os.environ["CALLBACK"] = str(ctypes.cast(work, ctypes.c_void_p).value)
ctypes.CDLL(sys.argv[3])
assert batch.pending == 1
"""

# A panic in a signal handler leaves the batch broken while its thread is at a callback.
BROKEN = """
import signal, sys, threading, hamirror
sys.path.append(sys.argv[1])
from daemons import patient
judged, goes_on = threading.Event(), threading.Event()
def judge(reply):
    judged.set()
    goes_on.wait()
    return hamirror.Verdict.ACCEPT
def panic(*_):
    raise kind
try:
    hamirror.Request("ping", [0], access="read")
except (TypeError, ValueError):
    pass
(kind,) = [kind for kind in BaseException.__subclasses__() if kind.__name__ == "PanicException"]
config = hamirror.Config.build({"played": patient(sys.argv[2] + ":any")})
client = hamirror.Client(config)
batch = client.batch()
batch.add_agent("played", 0, hamirror.Request("ping", b"1234", access="read", judge=judge))
batch.run()
judged.wait()
signal.signal(signal.SIGALRM, panic)
signal.setitimer(signal.ITIMER_REAL, 0.1)
try:
    batch.join()
except kind:
    pass
try:
    batch.join()
except hamirror.MisuseError as error:
    assert "broke" in str(error)
# The callback gets the GIL when this thread lets go of it, and not before.
sys.setswitchinterval(1000)
goes_on.set()
del batch
print("ended")
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
        interrupt(ASK.format(wait=WAITS[wait]), player.address)


def test_ctrl_c_ends_the_join_of_a_batch_whose_thread_never_began(tmp_path: Path) -> None:
    source, library = tmp_path / "constructor.c", tmp_path / "constructor.so"
    source.write_text(CONSTRUCTOR)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    with Player(None) as player:
        interrupt(UNBEGUN, player.address, str(library))


def test_a_broken_batch_ends_though_its_callback_needs_the_gil() -> None:
    with Player(reply) as player:
        folder = str(Path(__file__).parent)
        command = [sys.executable, "-B", "-c", BROKEN, folder, player.address]
        ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=20)
        assert ended.stdout == b"ended\n"


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


def interrupt(script: str, *arguments: str) -> None:
    """Presses Ctrl-C once the script waits."""
    folder = str(Path(__file__).parent)
    command = [sys.executable, "-B", "-c", script, folder, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "asks\n"
        # Long enough for the wait to begin; before it, Ctrl-C works without us.
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        try:
            printed, _ = process.communicate(timeout=20)
        finally:
            process.kill()
        assert printed == "interrupted\n"
    assert process.returncode == 0


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
