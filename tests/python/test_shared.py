"""What the clients of several processes know, as one of them reads it."""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import hamirror
import hamirror.status
from daemons import refused_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from daemons import Cluster

LIMIT_S = 30

# Makes a client, then forks: each process searches as often as its place says, and waits.
SERVES = """
import os, signal, sys
import hamirror

client = hamirror.connect(sys.argv[1], background=False, status_socket=sys.argv[2])
children = []
place = 0
for number in (1, 2):
    child = os.fork()
    if child == 0:
        place = number
        children = []
        break
    children.append(child)
for _ in range(place + 1):
    client.search(sys.argv[3], "library", failover=False)
print(f"{place} {os.getpid()}", flush=True)
sys.stdin.read()
for child in children:
    os.waitpid(child, 0)
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "status"


class Served:
    """Three processes that have searched once, twice and three times."""

    def __init__(self, cluster: Cluster, place: Path) -> None:
        """Starts them."""
        command = [sys.executable, "-X", "dev", "-W", "error", "-c", SERVES]
        self.process = subprocess.Popen(
            [*command, str(cluster.config_path), str(place), cluster.index],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        lines = [self.process.stdout.readline().split() for _ in range(3)]
        self.pids = [int(pid) for _, pid in sorted(lines)]

    def close(self) -> None:
        """Ends them; none has a complaint."""
        assert self.process.communicate(timeout=LIMIT_S) == ("", "")
        assert self.process.returncode == 0


@pytest.fixture
def served(cluster: Cluster, place: Path) -> Iterator[Served]:
    served = Served(cluster, place)
    yield served
    served.close()


def names(place: Path) -> list[str]:
    return sorted(os.listdir(place.parent))


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_forked_processes_are_told_each_and_all_together(
    cluster: Cluster, place: Path, served: Served
) -> None:
    read = hamirror.status.shared(place, timeout=LIMIT_S)
    assert [process.pid for process in read.processes] == sorted(served.pids)
    assert {process.program for process in read.processes} == {"-c"}
    assert read.silent == ()
    for process in read.processes:
        place_of_process = served.pids.index(process.pid)
        hosts = process.status.hosts
        answered = sum(host.since_start.counters["succeeded_queries"] for host in hosts)
        assert answered == 2 * (place_of_process + 1)
        assert isinstance(process.status, hamirror.status.Status)
        assert process.age_s >= 0
    addresses = [address for mirrors in cluster.shards for address in mirrors]
    assert [host.name for host in read.hosts] == sorted(addresses)
    assert sum(host.counters["succeeded_queries"] for host in read.hosts) == 2 * (1 + 2 + 3)
    assert {(host.clients, host.living) for host in read.hosts} == {(3, 3)}
    told = [(one.index, one.number, one.clients, one.without_living_mirror) for one in read.agents]
    assert told == [(cluster.index, 0, 3, 0), (cluster.index, 1, 3, 0)]


def test_a_process_that_is_stopped_is_silent_and_one_that_crashed_is_gone(
    place: Path, served: Served
) -> None:
    _, stopped, killed = served.pids
    os.kill(stopped, signal.SIGSTOP)
    try:
        os.kill(killed, signal.SIGKILL)
        until(lambda: len(hamirror.status.shared(place, timeout=0.2).processes) == 1)
        read = hamirror.status.shared(place, timeout=0.2)
        assert ([process.pid for process in read.processes], read.silent) == (
            [served.pids[0]],
            (stopped,),
        )
        # Nobody else takes away the name of a process that crashed.
        assert not any(f".{killed}-" in name for name in names(place))
        assert any(f".{stopped}-" in name for name in names(place))
    finally:
        os.kill(stopped, signal.SIGCONT)
    read = hamirror.status.shared(place, timeout=LIMIT_S)
    assert len(read.processes) == 2


def test_names_go_with_their_processes(cluster: Cluster, place: Path) -> None:
    served = Served(cluster, place)
    assert len(names(place)) == 3
    served.close()
    assert names(place) == []
    assert hamirror.status.shared(place) == hamirror.status.SharedStatus((), (), (), ())


def wide_agents() -> dict[str, str]:
    """So many hosts that no socket takes their record at once."""
    address = refused_address()
    port = address.rpartition(":")[2]
    hosts = [f"127.0.{number // 250}.{number % 250 + 1}:{port}" for number in range(500)]
    return {f"d{number}": f"{host}:i" for number, host in enumerate(hosts)}


def test_a_reader_that_hangs_holds_up_nobody(place: Path) -> None:
    agents = wide_agents()
    with hamirror.connect(agents=agents, background=False, status_socket=place) as client:
        (name,) = names(place)
        with socket.socket(socket.AF_UNIX) as hanging:
            hanging.connect(str(place.parent / name))
            with pytest.raises(hamirror.UnansweredError):
                client.search("d0", "library")
            # Others wait for as long as it may take.
            read = hamirror.status.shared(place, timeout=LIMIT_S)
            (process,) = read.processes
            assert len(process.status.hosts) == len(agents) == len(read.hosts)
            assert len(hanging.recv(1)) == 1
        failed = [host.last_failure for host in read.hosts if host.last_failure is not None]
        assert [failure.kind for failure in failed] == ["connect_failure"]


def test_a_host_that_is_dead_for_some_is_told_as_such(place: Path) -> None:
    dead = refused_address()
    agents = {"d": f"{dead}:i"}
    with (
        hamirror.connect(agents=agents, background=False, status_socket=place) as one,
        hamirror.connect(agents=agents, background=False, status_socket=place),
    ):
        while one.status().hosts[0].is_living:
            with pytest.raises(hamirror.UnansweredError):
                one.search("d", "library")
        ((host,), (agent,)) = (
            (read := hamirror.status.shared(place, timeout=LIMIT_S)).hosts,
            (read.agents),
        )
        assert [process.pid for process in read.processes] == [os.getpid()] * 2
        assert (host.clients, host.living, host.errors_in_row) == (2, 1, 4)
        assert host.dead_for_s is not None
        assert (agent.clients, agent.without_living_mirror) == (2, 1)


def test_the_socket_is_the_owners_and_goes_with_the_client(place: Path) -> None:
    threads = threading.active_count()
    client = hamirror.connect(agents={"d": "box:1:i"}, background=False, status_socket=place)
    (name,) = names(place)
    mode = (place.parent / name).stat().st_mode
    assert (stat.S_ISSOCK(mode), stat.S_IMODE(mode)) == (True, 0o600)
    assert threading.active_count() == threads + 1
    del client
    gc.collect()
    assert names(place) == []
    until(lambda: threading.active_count() == threads)
    closed = hamirror.connect(agents={"d": "box:1:i"}, background=False, status_socket=place)
    closed.close()
    assert hamirror.status.shared(place, timeout=LIMIT_S).processes == ()
    until(lambda: names(place) == [])


def test_what_is_no_record_is_passed_over(place: Path) -> None:
    records = [b"", b"{", b"[" * 100_000, b'{"pid": 1}', json.dumps({"pid": "1"}).encode()]
    listeners = []
    for number, record in enumerate(records):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"{place}.{number}-x")
        listener.listen()
        listeners.append((listener, record))

    def answer() -> None:
        for listener, record in listeners:
            reader, _ = listener.accept()
            with reader, listener:
                reader.sendall(record)

    thread = threading.Thread(target=answer)
    thread.start()
    Path(f"{place}.5-file").write_text("no socket")
    Path(f"{place}.name-x").write_text("no number")
    with hamirror.connect(agents={"d": "box:1:i"}, background=False, status_socket=place):
        read = hamirror.status.shared(place, timeout=LIMIT_S)
    thread.join()
    assert ([process.pid for process in read.processes], read.silent) == ([os.getpid()], ())


def test_a_socket_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "nosuch" / "status", tmp_path / ("x" * 120)):
        with pytest.raises(hamirror.ResourceError, match="status socket"):
            hamirror.connect(agents={"d": "box:1:i"}, status_socket=path)
    with pytest.raises(FileNotFoundError):
        hamirror.status.shared(tmp_path / "nosuch" / "status")
