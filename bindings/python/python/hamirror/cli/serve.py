"""`hamirror serve`: the status of all mirrors as a page for a browser, and metrics."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import click

from . import health, options, output
from .exits import Exit
from .history import History
from .probe import Probe

if TYPE_CHECKING:
    from collections.abc import Callable

    import hamirror

# Looks that the page shows of each mirror.
_LOOKS = 60

_EVENTS = 100

_FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
}

# A page elsewhere that takes this address for its own name reads nothing.
_NAMES = ("127.0.0.1", "localhost")


@click.command(short_help="A page for a browser, and metrics.")
@options.configuration
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=9322,
    show_default=True,
    help="Port of 127.0.0.1; 0 takes a free one.",
)
@click.option(
    "--interval",
    type=click.FloatRange(min=0.1),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="Time between two queries to each mirror.",
)
def serve(conf: str, reading: options.Reading, port: int, interval: float) -> Exit:
    """Serves the status of every mirror of CONF to this machine alone, until Ctrl-C.

    The page updates itself. /metrics has text for Prometheus, /status.json what the page shows. It
    asks each mirror for the counters of its daemon, again and again.

    Exit codes: 0 it was ended by Ctrl-C; 1 CONF is refused, or the port is taken.
    """
    with options.connect(conf, reading, background=False) as client:
        board = Board(client)
        contents: dict[str, tuple[str, Callable[[], bytes]]] = {
            path: (kind, _file(name)) for path, (name, kind) in _FILES.items()
        }
        contents["/status.json"] = ("application/json", lambda: board.text)
        metrics = "text/plain; version=0.0.4; charset=utf-8"
        contents["/metrics"] = (metrics, lambda: client.prometheus().encode())
        try:
            server = _Server(port, contents)
        except OSError as error:
            raise click.ClickException(f"port {port}: {error.strerror}") from error
        thread = threading.Thread(target=server.serve_forever, args=(0.1,))
        thread.start()
        try:
            click.echo(f"http://127.0.0.1:{server.server_address[1]}/")
            with suppress(KeyboardInterrupt), Probe(client) as probe:
                while True:
                    board.look()
                    probe.start()
                    time.sleep(interval)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
    return Exit.DONE


def _file(name: str) -> Callable[[], bytes]:
    content = files(__package__).joinpath("page", name).read_bytes()
    return lambda: content


class Board:
    """What the page shows."""

    def __init__(self, client: hamirror.Client) -> None:
        """Begins with no look, and listens to what happens."""
        self._client = client
        self._history = History(_LOOKS)
        self._events: deque[str] = deque(maxlen=_EVENTS)
        self.text = b""
        """JSON of the last look."""
        client.set_log(self._hear)
        self.look()

    def _hear(self, _level: int, line: str) -> None:
        self._events.appendleft(f"{time.strftime('%H:%M:%S')} {output.printable(line)}")

    def look(self) -> None:
        """Takes what is known now."""
        status = self._client.status()
        self._history.add(status)
        shown = {
            "unserved": [f"{agent.index} {agent.number}" for agent in health.unserved(status)],
            "scale_s": self._history.scale_s(),
            "mirrors": [self._mirror(line) for line in health.lines(status)],
            "events": list(self._events),
        }
        self.text = json.dumps(shown).encode()

    def _mirror(self, line: health.Line) -> dict[str, Any]:
        return {
            "agent": f"{line.agent.index} {line.agent.number}",
            "id": line.mirror.id,
            "state": line.state,
            "story": line.story,
            "share": line.mirror.share,
            "p50_ms": health.milliseconds(line.latencies.p50_s),
            "p99_ms": health.milliseconds(line.latencies.p99_s),
            "failures": line.failures,
            "last_error": output.printable(line.last_error),
            "moments": [asdict(moment) for moment in self._history.moments(line.host.name)],
        }


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, contents: dict[str, tuple[str, Callable[[], bytes]]]) -> None:
        self.contents = contents
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A browser that goes away in the midst is no fault.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    # Whoever opens a connection and says nothing is sent away.
    timeout = 10

    def do_GET(self) -> None:
        host = self.headers.get("Host", "").lower()
        name = host.rpartition(":")[0] or host
        content = self.server.contents.get(self.path.partition("?")[0])
        if name not in _NAMES:
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
        elif content is None:
            self.send_error(HTTPStatus.NOT_FOUND)
        else:
            kind, body = content[0], content[1]()
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", "default-src 'self'")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *_arguments: Any) -> None:  # noqa: A002
        """Says nothing of each request."""
