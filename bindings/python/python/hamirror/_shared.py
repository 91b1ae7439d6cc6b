"""Sockets by which clients tell other processes what they know, and who reads them.

Each client listens on a socket of its own, `PATH.PID-TOKEN`, and sends its record to whoever
connects. So a record is what holds at that time, nothing is written while nobody asks, and a
process that crashed refuses the connection. A thread of its own does that: a reader that hangs
holds up other readers, for `SEND_LIMIT_S` at most, and no search. A socket gets that name once it
listens, so that one which refuses never will again, and is taken away by whoever finds it.
"""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import json
import os
import re
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
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import status as records
from ._errors import MisuseError, resource_error
from ._native import _at_close

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._native import Client

BACKLOG = 16
"""Readers that may wait at once; further ones try again in vain until their time is up."""
SEND_LIMIT_S = 1.0
"""Time in which a reader has to take a record."""
FRESH_S = 0.1
"""Age up to which a record is sent again, so that eager readers cost no more than this allows."""
PAUSE_S = 0.1
"""Time until the next reader is taken where that failed, as for want of descriptors."""
ASKED_AT_ONCE = 128
"""Sockets that a reader has open, far below the usual limit of descriptors."""
RECORD_MAX = 16 << 20
"""Longest record in bytes: that of some 10,000 hosts."""
RECORDS_MAX = 256 << 20
"""Bytes that are taken of all records together."""
RECORD_VERSION = 1
"""Version of the record; another one may mean other things by the same names."""


def share(client: Client, path: str | os.PathLike[str]) -> None:
    """Listens until the client is closed or forgotten; in a forked child by a socket of its own.

    `ResourceError` if the socket can't be made, as where its folder is not there.
    """
    try:
        # The program may go to another folder later.
        _Server(client, str(Path.cwd() / path))
    except (OSError, RuntimeError) as error:
        text = f"status socket '{os.fspath(path)}': {error}"
        raise resource_error(text, getattr(error, "errno", None), os.fspath(path)) from error


class _Server:
    """Socket of a client in this process, and the thread that answers there."""

    _all: typing.ClassVar[set[_Server]] = set()

    def __init__(self, client: Client, path: str) -> None:
        self._client = weakref.ref(client)
        self._path = path
        self._listen()
        self._gone = weakref.ref(client, lambda _: self._close())
        _at_close(client, self._close)
        self._all.add(self)

    def _listen(self) -> None:
        self._pid = os.getpid()
        self._since = time.monotonic()
        self._record: tuple[float, bytes] | None = None
        name = f"{self._path}.{self._pid}-{secrets.token_hex(4)}"
        made = f"{name}~"
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # Whatever the program's default is.
            listener.settimeout(None)
            listener.bind(made)
            # Nobody may connect before it listens, and then the owner alone.
            os.chmod(made, stat.S_IRUSR | stat.S_IWUSR)
            listener.listen(BACKLOG)
            os.rename(made, name)
            made = name
            self._name = name
            self._listener: socket.socket | None = listener
            threading.Thread(
                target=self._serve, args=(listener,), name="hamirror-status", daemon=True
            ).start()
        except BaseException:
            self._listener = None
            listener.close()
            with contextlib.suppress(OSError):
                os.unlink(made)
            raise

    def _serve(self, listener: socket.socket) -> None:
        """Answers readers until that is no more the listener, and closes it then."""
        with listener:
            while self._listener is listener:
                try:
                    reader, _ = listener.accept()
                except OSError:
                    if self._listener is listener:
                        time.sleep(PAUSE_S)
                    continue
                # What goes wrong with one reader is no matter of the next.
                with reader, contextlib.suppress(Exception):
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
            "version": RECORD_VERSION,
            "pid": self._pid,
            "program": sys.argv[0] if sys.argv else "",
            "age_s": now - self._since,
            "status": dataclasses.asdict(status),
        }
        self._record = now, json.dumps(told).encode()
        return self._record[1]

    def _close(self) -> None:
        self._all.discard(self)
        listener, self._listener = self._listener, None
        if listener is None:
            return
        if os.getpid() != self._pid:
            listener.close()
            return
        with contextlib.suppress(OSError):
            os.unlink(self._name)
        # It wakes the thread, which closes it: so nobody gets its descriptor before.
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)

    @classmethod
    def _close_all(cls) -> None:
        for server in list(cls._all):
            server._close()

    @classmethod
    def _after_fork(cls) -> None:
        """The thread stayed with the parent, and so does the name."""
        for server in list(cls._all):
            if server._listener is not None:
                server._listener.close()
            try:
                server._listen()
            except (OSError, RuntimeError):
                # A child that can't tell what it knows goes on without.
                cls._all.discard(server)


os.register_at_fork(after_in_child=_Server._after_fork)
atexit.register(_Server._close_all)


def read(path: str | os.PathLike[str], timeout: float) -> records.SharedStatus:
    """Asks all sockets at once, and joins what they tell."""
    processes: list[records.ProcessStatus] = []
    silent = []
    unreadable = []
    for pid, told in _answers(Path(path), time.monotonic() + timeout):
        if told is None:
            silent.append(pid)
        # Nothing comes of a client that is closed, and of one that ended meanwhile.
        elif told:
            try:
                processes.append(_process(told))
            except (ValueError, TypeError, KeyError, RecursionError):
                unreadable.append(pid)
    processes.sort(key=lambda process: process.pid)
    known = [process.status for process in processes]
    return records.SharedStatus(
        processes=tuple(processes),
        silent=tuple(sorted(silent)),
        hosts=tuple(_hosts(known)),
        agents=tuple(_agents(known)),
        unreadable=tuple(sorted(unreadable)),
    )


def _process(told: bytes) -> records.ProcessStatus:
    """What a record says; `ValueError`, `TypeError` or `KeyError` if it is none."""
    record = json.loads(told)
    if record["version"] != RECORD_VERSION:
        raise ValueError(f"version {record['version']!r} of a record")
    process: records.ProcessStatus = _made(records.ProcessStatus, record)
    return process


def _answers(path: Path, end: float) -> Iterator[tuple[int, bytes | None]]:
    """Process and answer of each socket; `None` for one that is not done by then."""
    names = deque(_sockets(path))
    total = 0
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as opened:
        while names or selector.get_map():
            while names and len(selector.get_map()) < ASKED_AT_ONCE:
                name, pid = names.popleft()
                try:
                    asked = _connected(name)
                except BlockingIOError:
                    yield pid, None  # Too many readers wait there.
                    continue
                if asked is not None:
                    opened.enter_context(asked)
                    selector.register(asked, selectors.EVENT_READ, (asked, pid, bytearray()))
            if not selector.get_map():
                break
            left = end - time.monotonic()
            ready = selector.select(max(0.0, left))
            if not ready and left <= 0:
                break
            for key, _ in ready:
                asked, pid, taken = key.data
                try:
                    piece = asked.recv(1 << 16)
                except BlockingIOError:
                    continue
                except OSError:
                    piece = b""
                taken += piece
                total += len(piece)
                is_too_long = bool(piece) and (len(taken) > RECORD_MAX or total > RECORDS_MAX)
                if is_too_long or not piece:
                    selector.unregister(asked)
                    asked.close()
                    yield pid, b"too long" if is_too_long else bytes(taken)
        for key in selector.get_map().values():
            yield key.data[1], None
        for _, pid in names:
            yield pid, None


def _connected(name: Path) -> socket.socket | None:
    """A socket that is connected there, `None` if nobody listens; `BlockingIOError` if too many
    wait there."""
    asked = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        asked.setblocking(False)
        asked.connect(os.fspath(name))
    except BlockingIOError:
        asked.close()
        raise
    except ConnectionRefusedError:
        asked.close()
        with contextlib.suppress(OSError):
            name.unlink()
        return None
    except OSError:
        asked.close()
        return None
    return asked


def _sockets(path: Path) -> list[tuple[Path, int]]:
    """Names of this user's sockets, each with the process that it names."""
    found = []
    for entry in os.scandir(path.parent):
        named = _NAME.fullmatch(entry.name)
        if named is None or named[1] != path.name:
            continue
        try:
            told = entry.stat(follow_symlinks=False)
        except OSError:
            continue  # It went meanwhile.
        # Others may have put names there that look like those of clients.
        if stat.S_ISSOCK(told.st_mode) and told.st_uid == os.geteuid():
            found.append((Path(entry.path), int(named[2])))
    return sorted(found)


_NAME = re.compile(r"(.*)\.([0-9]+)-[0-9a-f]{8}", re.DOTALL)
"""`PATH.PID-TOKEN`, its last part."""


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
        if not isinstance(told, dict):
            raise TypeError(f"{told!r} is no {kind}")
        return {name: _made(arguments[1], value) for name, value in told.items()}
    if origin is typing.Literal:
        if told not in arguments:
            raise ValueError(f"{told!r} is no {kind}")
        return told
    if kind is float and isinstance(told, int):
        try:
            return float(told)
        except OverflowError as error:
            raise ValueError(f"{told!r} is too large") from error
    if not isinstance(told, kind):
        raise TypeError(f"{told!r} is no {kind}")
    return told


def _hints(kind: Any) -> dict[str, Any]:
    known = _KNOWN_HINTS.get(kind)
    if known is None:
        known = _KNOWN_HINTS[kind] = typing.get_type_hints(kind)
    return known


_KNOWN_HINTS: dict[Any, dict[str, Any]] = {}
