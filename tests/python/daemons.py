"""Daemons for the tests: real ones, started by the Rust harness, and one that plays a record."""

from __future__ import annotations

import json
import os
import socket
import socketserver
import struct
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import hamirror

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

REPOSITORY = Path(__file__).parents[2]
CAPTURES = REPOSITORY / "core/tests/captures"
HANDSHAKE = b"\0\0\0\1"
PERSIST = 4


class Cluster:
    """Two shards with two mirrors each, of real searchd."""

    def __init__(self) -> None:
        """Starts them; `cargo build -p hamirror-tests --bin daemons` makes the program."""
        program = os.environ.get("HAMIRROR_DAEMONS", str(REPOSITORY / "target/debug/daemons"))
        self._process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        described = json.loads(self._line())
        self.config_path = Path(described["config"])
        self.index: str = described["index"]
        self.shards: list[list[str]] = described["shards"]

    def config(self) -> hamirror.Config:
        """Its distributed index."""
        return hamirror.Config.read(self.config_path)

    def order(self, verb: str, shard: int, mirror: int) -> None:
        """Does `kill`, `start`, `pause` or `resume` to a mirror."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{verb} {shard} {mirror}\n")
        self._process.stdin.flush()
        answer = self._line().strip()
        assert answer == "ok", answer

    def close(self) -> None:
        """Ends all daemons."""
        self._process.communicate()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


class Player:
    """Answers every request with the same bytes, or what is made of its body, or with nothing."""

    def __init__(self, reply: bytes | Callable[[bytes], bytes] | None) -> None:
        """Listens on a free loopback port; `None` takes everything and says nothing."""
        self.requests: list[bytes] = []
        self._connections: list[socket.socket] = []
        player = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                player._serve(self.request, reply)

        class Server(socketserver.ThreadingTCPServer):
            # As many may connect at once as a test has calls.
            request_queue_size = 1024
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.address = "{}:{}".format(*self._server.server_address[:2])

    def config(self) -> hamirror.Config:
        """The index `played` of one agent with this only mirror, which may take its time."""
        return hamirror.Config.build({"played": patient(f"{self.address}:any")})

    def __enter__(self) -> Self:
        """The player."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stops it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def hang_up(self) -> None:
        """Ends all connections."""
        for connection in self._connections:
            connection.shutdown(socket.SHUT_RDWR)

    def _serve(
        self, connection: socket.socket, reply: bytes | Callable[[bytes], bytes] | None
    ) -> None:
        self._connections.append(connection)
        if reply is not None:
            connection.sendall(HANDSHAKE)
        with connection.makefile("rb") as requests:
            requests.read(len(HANDSHAKE))
            while header := requests.read(8):
                command, _, length = struct.unpack(">HHI", header)
                body = requests.read(length)
                self.requests.append(header + body)
                if reply is not None and command != PERSIST:
                    connection.sendall(reply if isinstance(reply, bytes) else reply(body))


def patient(agent: str) -> dict[str, str | int]:
    """Settings of an index of one agent that is waited for as long as a test runs."""
    return {"agent": agent, "agent_connect_timeout": 600_000, "agent_query_timeout": 600_000}


def refused_address() -> str:
    """An address on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{taken.getsockname()[1]}"


def reply(body: bytes, *, status: int = 0, version: int = 0x100) -> bytes:
    """A whole reply: header and body."""
    return struct.pack(">HHI", status, version, len(body)) + body
