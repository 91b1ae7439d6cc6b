"""Sockets by which clients tell other processes what they know, and who reads them.

Each client listens on a socket of its own, `PATH.PID-TOKEN`, and sends its record to whoever
connects. So a record is what holds at that time, nothing is written while nobody asks, and a
process that crashed refuses the connection. A thread of its own does that: a reader that hangs
holds up other readers, for `SEND_LIMIT_S` at most, and no search.
"""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import json
import os
import secrets
import selectors
import socket
import stat
import sys
import threading
import time
import types
import typing
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import status as records
from ._errors import MisuseError, resource_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._native import Client

BACKLOG = 16
"""Readers that may wait at once; further ones try again in vain until their time is up."""
SEND_LIMIT_S = 1.0
"""Time in which a reader has to take a record."""
FRESH_S = 0.1
"""Age up to which a record is sent again, so that eager readers cost no more than this allows."""
SOCKETS_MAX = 1024
"""Sockets that are read, below the usual limit of descriptors: those of 1,024 processes."""
RECORD_MAX = 16 << 20
"""Longest record in bytes: that of some 10,000 hosts."""


def share(client: Client, path: str | os.PathLike[str]) -> None:
    """Listens until the client is closed or forgotten; in a forked child by a socket of its own.

    `ResourceError` if the socket can't be made, as where its folder is not there.
    """
    try:
        _Server(client, os.fspath(path))
    except OSError as error:
        text = f"status socket '{os.fspath(path)}': {error}"
        raise resource_error(text, error.errno, os.fspath(path)) from error


class _Server:
    """Socket of a client in this process, and the thread that answers there."""

    _all: typing.ClassVar[set[_Server]] = set()

    def __init__(self, client: Client, path: str) -> None:
        self._client = weakref.ref(client)
        self._path = path
        self._listen()
        self._gone = weakref.ref(client, lambda _: self._close())
        self._all.add(self)

    def _listen(self) -> None:
        self._pid = os.getpid()
        self._since = time.monotonic()
        self._record: tuple[float, bytes] | None = None
        name = f"{self._path}.{self._pid}-{secrets.token_hex(4)}"
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(name)
            # Nobody may connect before it listens, and then the owner alone.
            os.chmod(name, stat.S_IRUSR | stat.S_IWUSR)
            listener.listen(BACKLOG)
        except BaseException:
            listener.close()
            raise
        self._name, self._listener = name, listener
        threading.Thread(
            target=self._serve, args=(listener,), name="hamirror-status", daemon=True
        ).start()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                reader, _ = listener.accept()
            except OSError:
                return  # It was closed.
            # What goes wrong with one reader is no matter of the next.
            with reader, contextlib.suppress(OSError):
                record = self._told()
                if record is None:
                    self._close()
                    return
                reader.settimeout(SEND_LIMIT_S)
                reader.sendall(record)

    def _told(self) -> bytes | None:
        """What the client knows now; `None` if it is closed."""
        now = time.monotonic()
        if self._record is not None and now - self._record[0] < FRESH_S:
            return self._record[1]
        client = self._client()
        if client is None:
            return None
        try:
            status = client.status()
        except MisuseError:
            return None
        told = {
            "pid": self._pid,
            "program": sys.argv[0] if sys.argv else "",
            "age_s": now - self._since,
            "status": dataclasses.asdict(status),
        }
        self._record = now, json.dumps(told).encode()
        return self._record[1]

    def _close(self) -> None:
        self._all.discard(self)
        if os.getpid() == self._pid:
            with contextlib.suppress(OSError):
                os.unlink(self._name)
            # It wakes the thread.
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    @classmethod
    def _close_all(cls) -> None:
        for server in list(cls._all):
            server._close()

    @classmethod
    def _after_fork(cls) -> None:
        """The thread stayed with the parent, and so does the name."""
        for server in list(cls._all):
            server._listener.close()
            try:
                server._listen()
            except OSError:
                # A child that can't tell what it knows goes on without.
                cls._all.discard(server)


os.register_at_fork(after_in_child=_Server._after_fork)
atexit.register(_Server._close_all)


def read(path: str | os.PathLike[str], timeout: float) -> records.SharedStatus:
    """Asks all sockets at once, and joins what they tell."""
    processes = []
    silent = []
    for pid, told in _answers(Path(path), time.monotonic() + timeout):
        if told is None:
            silent.append(pid)
            continue
        # Nothing comes of a client that is closed, and of one that ended meanwhile.
        with contextlib.suppress(ValueError, TypeError, KeyError, RecursionError):
            processes.append(_made(records.ProcessStatus, json.loads(told)))
    processes.sort(key=lambda process: process.pid)
    known = [process.status for process in processes]
    return records.SharedStatus(
        tuple(processes), tuple(sorted(silent)), tuple(_hosts(known)), tuple(_agents(known))
    )


def _answers(path: Path, end: float) -> Iterator[tuple[int, bytes | None]]:
    """Process and answer of each socket; `None` for one that is not done by then."""
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as opened:
        for name, pid in _sockets(path):
            asked = opened.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            asked.setblocking(False)
            try:
                asked.connect(os.fspath(name))
            except BlockingIOError:
                yield pid, None  # Too many readers wait there.
                continue
            except ConnectionRefusedError:
                # Its process is gone.
                with contextlib.suppress(OSError):
                    name.unlink()
                continue
            except OSError:
                continue
            selector.register(asked, selectors.EVENT_READ, (pid, bytearray()))
        while selector.get_map():
            left = end - time.monotonic()
            ready = selector.select(max(0.0, left))
            if not ready and left <= 0:
                break
            for key, _ in ready:
                pid, taken = key.data
                try:
                    piece = key.fileobj.recv(1 << 16)  # type: ignore[union-attr]
                except BlockingIOError:
                    continue
                except OSError:
                    piece = b""
                taken += piece
                if not piece or len(taken) > RECORD_MAX:
                    selector.unregister(key.fileobj)
                    yield pid, bytes(taken)
        for key in selector.get_map().values():
            yield key.data[0], None


def _sockets(path: Path) -> Iterator[tuple[Path, int]]:
    """Names of sockets, each with the process that it names."""
    found = []
    for entry in os.scandir(path.parent):
        head, _, token = entry.name.rpartition("-")
        stem, _, pid = head.rpartition(".")
        if token and stem == path.name and pid.isdecimal():
            found.append((Path(entry.path), int(pid)))
    yield from sorted(found)[:SOCKETS_MAX]


def _hosts(known: list[records.Status]) -> Iterator[records.SharedHost]:
    by_name: dict[str, list[records.HostStatus]] = {}
    for status in known:
        for host in status.hosts:
            by_name.setdefault(host.name, []).append(host)
    for name, hosts in sorted(by_name.items()):
        counters: dict[str, int] = {}
        for host in hosts:
            for counter, value in host.since_start.counters.items():
                counters[counter] = counters.get(counter, 0) + value
        failed = [host for host in hosts if host.last_failure_s is not None]
        last = min(failed, key=lambda host: host.last_failure_s or 0.0, default=None)
        yield records.SharedHost(
            name=name,
            clients=len(hosts),
            living=sum(host.is_living for host in hosts),
            dead_for_s=max(
                (host.dead_for_s for host in hosts if host.dead_for_s is not None), default=None
            ),
            errors_in_row=max(host.errors_in_row for host in hosts),
            in_flight=sum(host.in_flight for host in hosts),
            counters=counters,
            last_failure=None if last is None else last.last_failure,
            last_failure_s=None if last is None else last.last_failure_s,
        )


def _agents(known: list[records.Status]) -> Iterator[records.SharedAgent]:
    by_place: dict[tuple[str, int], list[tuple[bool, int]]] = {}
    for status in known:
        living = {host.name for host in status.hosts if host.is_living}
        for agent in status.agents:
            lives = any(mirror.host in living for mirror in agent.mirrors)
            found = by_place.setdefault((agent.index, agent.number), [])
            found.append((lives, agent.unanswered))
    for (index, number), agents in sorted(by_place.items()):
        yield records.SharedAgent(
            index=index,
            number=number,
            clients=len(agents),
            without_living_mirror=sum(not lives for lives, _ in agents),
            unanswered=sum(unanswered for _, unanswered in agents),
        )


def _made(kind: Any, told: Any) -> Any:
    """A value of that type from its JSON; `TypeError` or `KeyError` if it is another."""
    if dataclasses.is_dataclass(kind):
        hints = _hints(kind)
        make: Any = kind
        return make(**{name: _made(hint, told[name]) for name, hint in hints.items()})
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        each = arguments[:1] * len(told) if arguments[-1] is Ellipsis else arguments
        return tuple(_made(one, part) for one, part in zip(each, told, strict=True))
    if origin in (typing.Union, types.UnionType):
        return None if told is None else _made(arguments[0], told)
    if origin is dict:
        return {str(name): _made(arguments[1], value) for name, value in told.items()}
    if origin is typing.Literal:
        kind = str
    if kind is float and isinstance(told, int):
        return float(told)
    if not isinstance(told, kind):
        raise TypeError(f"{told!r} is no {kind}")
    return told


def _hints(kind: Any) -> dict[str, Any]:
    known = _KNOWN_HINTS.get(kind)
    if known is None:
        known = _KNOWN_HINTS[kind] = typing.get_type_hints(kind)
    return known


_KNOWN_HINTS: dict[Any, dict[str, Any]] = {}
