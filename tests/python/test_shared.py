"""What the clients of several processes know, as one of them reads it."""

from __future__ import annotations

import errno
import gc
import json
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import hamirror
import hamirror.status
from daemons import refused_address
from hamirror import _shared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from daemons import Cluster

LIMIT_S = 30
AGENTS = {"d": "box:1:i"}

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
    # Those of tests before may not have ended yet.
    before = set(threading.enumerate())
    client = hamirror.connect(agents=AGENTS, background=False, status_socket=place)
    (name,) = names(place)
    mode = (place.parent / name).stat().st_mode
    assert (stat.S_ISSOCK(mode), stat.S_IMODE(mode)) == (True, 0o600)
    (thread,) = set(threading.enumerate()) - before
    del client
    gc.collect()
    assert names(place) == []
    until(lambda: not thread.is_alive())
    closed = hamirror.connect(agents=AGENTS, background=False, status_socket=place)
    closed.close()
    assert names(place) == []
    until(lambda: not set(threading.enumerate()) - before)


def answering(place: Path, records: list[bytes]) -> Callable[[], None]:
    """Listens as processes 0, 1 and so on would, each with such a record; returns what ends it."""
    listeners = []
    # In the order of their names, as they are asked.
    for number, record in sorted(enumerate(records), key=lambda one: str(one[0])):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"{place}.{number}-0123abcd")
        listener.listen()
        listeners.append((listener, record))

    def answer() -> None:
        for listener, record in listeners:
            reader, _ = listener.accept()
            with reader:
                reader.sendall(record)
        for listener, _ in listeners:
            listener.close()

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    return thread.join


def record_of(client_place: Path) -> dict[str, Any]:
    """The record of the only client there, as it is sent."""
    (name,) = names(client_place)
    with socket.socket(socket.AF_UNIX) as reader:
        reader.connect(str(client_place.parent / name))
        with reader.makefile("rb") as told:
            record: dict[str, Any] = json.load(told)
            return record


def test_what_is_no_record_is_told_as_unreadable(place: Path) -> None:
    with hamirror.connect(agents=AGENTS, background=False, status_socket=place):
        good = record_of(place)
        host = good["status"]["hosts"][0]
        window = host["since_start"] | {"counters": []}
        hosts = [
            host | {"since_start": window},
            host | {"state": "asleep"},
            host | {"state_for_s": 10**400},
            {"name": "box"},
        ]
        broken = [good | {"status": good["status"] | {"hosts": [one]}} for one in hosts]
        other = [good | {"version": good["version"] + 1}, good | {"version": None}]
        texts = [json.dumps(one).encode() for one in [*broken, *other, {"pid": 1}, 1]]
        texts += [b"{", b"[" * 100_000, json.dumps(good).encode()[:-1]]
        done = answering(place, [b"", *texts])
        read = hamirror.status.shared(place, timeout=LIMIT_S)
        done()
    assert ([process.pid for process in read.processes], read.silent) == ([os.getpid()], ())
    # Nothing at all is of a client that was closed.
    assert read.unreadable == tuple(range(1, len(texts) + 1))


def test_nothing_but_sockets_of_clients_is_taken_away(place: Path) -> None:
    kept = [f"{place}.20260131-0123abcd", f"{place}.20260131-1", f"{place}.name-0123abcd"]
    for path in kept:
        Path(path).write_text("a log")
    others = [f"{place}.1-x", f"{place}.1-0123ABCD", f"{place}.1-0123abcde"]
    for path in others:
        with socket.socket(socket.AF_UNIX) as unheard:
            unheard.bind(path)
    os.symlink(others[0], f"{place}.2-0123abcd")
    with socket.socket(socket.AF_UNIX) as crashed:
        crashed.bind(f"{place}.3-0123abcd")
    before = names(place)
    read = hamirror.status.shared(place, timeout=LIMIT_S)
    assert read == hamirror.status.SharedStatus((), (), (), ())
    before.remove(f"{place.name}.3-0123abcd")
    assert names(place) == before
    assert all(Path(path).read_text() == "a log" for path in kept)


def test_sockets_of_others_are_passed_over(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hamirror.connect(agents=AGENTS, background=False, status_socket=place):
        stranger = os.geteuid() + 1
        monkeypatch.setattr(os, "geteuid", lambda: stranger)
        assert hamirror.status.shared(place, timeout=LIMIT_S).processes == ()
        monkeypatch.undo()
        assert len(hamirror.status.shared(place, timeout=LIMIT_S).processes) == 1


def test_a_socket_has_its_name_once_it_listens(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []

    class Watched(socket.socket):
        def listen(self, *backlog: int) -> None:
            reads.append(hamirror.status.shared(place, timeout=0))
            super().listen(*backlog)

    monkeypatch.setattr(socket, "socket", Watched)
    with hamirror.connect(agents=AGENTS, background=False, status_socket=place):
        assert len(reads) == 1
        assert len(hamirror.status.shared(place, timeout=LIMIT_S).processes) == 1


def test_more_processes_are_read_than_descriptors_are_left(place: Path) -> None:
    done = answering(place, [b""] * 300)
    with hamirror.connect(agents=AGENTS, background=False, status_socket=place):
        usual = resource.getrlimit(resource.RLIMIT_NOFILE)
        # Those that are open, and some 200 more.
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/proc/self/fd"))) + 200, usual[1])
        )
        try:
            read = hamirror.status.shared(place, timeout=LIMIT_S)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, usual)
    done()
    assert ([process.pid for process in read.processes], read.silent) == ([os.getpid()], ())


def test_records_are_taken_up_to_a_sum(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hamirror.connect(agents=AGENTS, background=False, status_socket=place):
        good = json.dumps(record_of(place)).encode()
        monkeypatch.setattr(_shared, "RECORDS_MAX", len(good) * 3 // 2)
        done = answering(place, [good])
        read = hamirror.status.shared(place, timeout=LIMIT_S)
        done()
    assert (len(read.processes), len(read.unreadable), read.silent) == (1, 1, ())


def test_a_default_timeout_and_an_accept_that_fails_end_no_thread(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = [OSError(errno.EMFILE, "no descriptor"), ConnectionAbortedError()]

    class Failing(socket.socket):
        def accept(self) -> tuple[socket.socket, Any]:
            if failures:
                raise failures.pop()
            # The reader is served by a usual socket.
            return super().accept()

    before = set(threading.enumerate())
    socket.setdefaulttimeout(0.001)
    try:
        with monkeypatch.context() as changed:
            changed.setattr(socket, "socket", Failing)
            client = hamirror.connect(agents=AGENTS, background=False, status_socket=place)
            (thread,) = set(threading.enumerate()) - before
            until(lambda: not failures)
        thread.join(0.05)
        assert thread.is_alive()
        assert len(hamirror.status.shared(place, timeout=LIMIT_S).processes) == 1
    finally:
        socket.setdefaulttimeout(None)
    client.close()
    thread.join(LIMIT_S)
    assert not thread.is_alive()


def test_a_program_may_go_to_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    with hamirror.connect(agents=AGENTS, background=False, status_socket="status"):
        monkeypatch.chdir("other")
        child = os.fork()
        if child == 0:
            here = [one for one in names(tmp_path / "status") if f".{os.getpid()}-" in one]
            os._exit(len(here))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
        (name,) = [one for one in names(tmp_path / "status") if f".{os.getpid()}-" in one]
    assert name not in names(tmp_path / "status")


def test_a_thread_that_cannot_be_started_is_told(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "hamirror-status":
            raise RuntimeError("can't start new thread")
        start(thread)

    with (
        hamirror.connect(agents=AGENTS, background=False, status_socket=place),
        hamirror.connect(agents=AGENTS, background=False, status_socket=place),
    ):
        known = names(place)
        monkeypatch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(hamirror.ResourceError, match=r"status socket .* new thread"):
            hamirror.connect(agents=AGENTS, background=False, status_socket=place)
        assert names(place) == known
        # A forked child goes on without, whichever of its clients it is.
        child = os.fork()
        if child == 0:
            os._exit(len(names(place)) - len(known) + len(_shared._Server._all))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert names(place) == known


def test_a_socket_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "nosuch" / "status", tmp_path / ("x" * 120)):
        with pytest.raises(hamirror.ResourceError, match="status socket"):
            hamirror.connect(agents=AGENTS, status_socket=path)
    with pytest.raises(FileNotFoundError):
        hamirror.status.shared(tmp_path / "nosuch" / "status")
