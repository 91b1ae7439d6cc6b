"""`hamirror serve`: a page and metrics on loopback, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from command_line import alone
from hamirror.cli.serve import _Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from daemons import Cluster


@contextmanager
def serving(conf: Path) -> Iterator[str]:
    """Serves a configuration; the address. Ctrl-C ends it without a word."""
    command = [sys.executable, "-m", "hamirror", "serve", str(conf), "--port", "0"]
    with subprocess.Popen(
        [*command, "--interval", "0.1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            yield process.stdout.readline().decode().strip()
            process.send_signal(signal.SIGINT)
            assert process.wait() == 0
            assert process.stderr.read() == b""
        finally:
            process.kill()


def fetched(url: str, **headers: str) -> tuple[bytes, dict[str, str]]:
    with urlopen(Request(url, headers=headers)) as answer:
        return answer.read(), dict(answer.headers)


def status_when(url: str, state: str) -> dict[str, Any]:
    """The status once some mirror is in that state."""
    while True:
        status: dict[str, Any] = json.loads(fetched(f"{url}status.json")[0])
        if any(mirror["state"] == state for mirror in status["mirrors"]):
            return status


def test_the_page_has_what_status_tells(cluster: Cluster, tmp_path: Path) -> None:
    text = cluster.config_path.read_text()
    path = tmp_path / "c.conf"
    path.write_text(text.replace(cluster.shards[0][1], "127.0.0.1:1"))
    with serving(path) as url:
        status = status_when(url, "refused")
        assert [mirror["id"].rpartition(":")[2] for mirror in status["mirrors"]] == [
            "packages0", "packages0", "packages1", "packages1",
        ]  # fmt: skip
        dead = status["mirrors"][1]
        assert "failures in a row" in dead["story"]
        assert dead["failures"]["connect_failures"] >= 4
        assert dead["last_error"].startswith("connect: connect() failed")
        assert sum(moment["failures"] for moment in dead["moments"]) >= 4
        assert status["unserved"] == []
        assert any("127.0.0.1:1" in event for event in status["events"])

        body, headers = fetched(f"{url}metrics")
        assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
        families = {one.name: one for one in text_string_to_metric_families(body.decode())}
        assert [sample.value for sample in families["hamirror_host_up"].samples] == [1, 0, 1, 1]

        for name, kind in {"": "html", "page.js": "javascript", "page.css": "css"}.items():
            body, headers = fetched(url + name)
            assert kind in headers["Content-Type"]
            # Nothing comes from elsewhere, and no text of an agent can become a script.
            assert headers["Content-Security-Policy"] == "default-src 'self'"
            assert b"://" not in body.replace(b"http://www.w3.org/2000/svg", b"")
            assert b"innerHTML" not in body


def test_an_agent_without_a_mirror_is_told(tmp_path: Path) -> None:
    path = tmp_path / "c.conf"
    path.write_text("index d\n{\n type = distributed\n agent = 127.0.0.1:1:x\n}\nsearchd\n{\n}\n")
    with serving(path) as url:
        assert status_when(url, "refused")["unserved"] == ["d 0"]


def test_a_browser_that_goes_away_is_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    def serve_and_leave(content: Callable[[], bytes]) -> str:
        with _Server(0, {"/": ("text/plain", content)}) as server:
            browser = socket.create_connection(("127.0.0.1", server.server_address[1]))
            browser.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            request = server.get_request()
            # Closes with a reset.
            browser.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            browser.close()
            server.process_request_thread(*request)
        return capsys.readouterr().err

    assert serve_and_leave(lambda: b"x" * 2**20) == ""


def test_it_answers_this_machine_by_its_own_name_alone(cluster: Cluster) -> None:
    with serving(cluster.config_path) as url:
        assert url.startswith("http://127.0.0.1:")
        for request, code in (
            (Request(f"{url}status.json", headers={"Host": "elsewhere.example"}), 421),
            (Request(f"{url}../status"), 404),
            (Request(url, data=b"x"), 501),
        ):
            with pytest.raises(HTTPError) as caught:
                urlopen(request)
            assert caught.value.code == code
            caught.value.close()
        port = url.rpartition(":")[2].strip("/")
        for name in (f"localhost:{port}", f"LocalHost:{port}", "LOCALHOST"):
            assert fetched(url, Host=name)[0].startswith(b"<!doctype html>")
        taken = alone("serve", cluster.config_path, "--port", port)
        assert (taken.code, taken.out) == (1, "")
        assert f"port {port}: Address already in use" in taken.err
