"""Every block of the cookbook, run over real daemons."""

from __future__ import annotations

import http.client
import importlib
import os
import re
import socket
import subprocess
import sys
import time
import warnings
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

import hamirror
import hamirror.aio
import hamirror.status
from daemons import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from daemons import Cluster

LIMIT_S = 30
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


def blocks() -> dict[str, list[str]]:
    """Programs by their headings."""
    text = (REPOSITORY / "bindings/python/COOKBOOK.md").read_text()
    parts = (part.split("\n", 1) for part in text.split("\n## ")[1:])
    return {heading: BLOCK.findall(body) for heading, body in parts}


@pytest.fixture
def place(tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the program's own, with the configuration."""
    (tmp_path / "sphinx.conf").write_text(cluster.config_path.read_text())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(place: Path) -> Callable[[str], dict[str, Any]]:
    """Runs a block and hands out its names."""

    def run(heading: str, number: int = 0) -> dict[str, Any]:
        names: dict[str, Any] = {"__name__": "cookbook"}
        exec(blocks()[heading][number], names)
        return names

    return run


@pytest.fixture
def found(client: hamirror.Client, cluster: Cluster) -> int:
    """Documents with the word."""
    return client.search(cluster.index, "library").total_found


def test_no_block_is_left_out() -> None:
    counts = {heading: len(found) for heading, found in blocks().items()}
    assert counts == {
        "Flask": 1,
        "gunicorn": 2,
        "Celery": 1,
        "FastAPI": 1,
        "asyncio": 1,
        "pandas": 2,
        "Counting": 1,
        "Paging": 2,
        "Facets": 1,
    }


def test_flask(run: Any, found: int) -> None:
    pytest.importorskip("flask")
    names = run("Flask")
    asked = names["app"].test_client()
    answer = asked.get("/search", query_string={"q": "library"})
    assert (answer.status_code, answer.json["found"], answer.json["complete"]) == (
        200,
        found,
        True,
    )
    assert len(answer.json["rows"]) == 10
    assert set(answer.json["rows"][0]) == {"id", "name", "size"}
    # Operators are words here.
    assert asked.get("/search", query_string={"q": "@nofield library"}).status_code == 200
    names["client"].reload(hamirror.Config.build({"packages": {"agent": "127.0.0.1:1:i"}}))
    assert asked.get("/search", query_string={"q": "library"}).status_code == 503


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket of this folder."""

    def connect(self) -> None:
        """Connects."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.host)


def until_answered(process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + LIMIT_S
    while True:
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect("gunicorn.sock")
                return
        except OSError:
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.01)


def test_gunicorn(run: Any, place: Path, found: int) -> None:
    pytest.importorskip("flask")
    pytest.importorskip("gunicorn")
    (place / "app.py").write_text(blocks()["Flask"][0])
    (place / "gunicorn.conf.py").write_text(blocks()["gunicorn"][0])
    command = [sys.executable, "-m", "gunicorn", "--log-level", "error", "app:app"]
    process = subprocess.Popen(command, text=True, stderr=subprocess.PIPE)
    try:
        until_answered(process)
        asked = 0
        while True:
            connection = UnixConnection("gunicorn.sock")
            connection.request("GET", "/search?q=library")
            answer = connection.getresponse()
            assert (answer.status, f'"found":{found}'.encode() in answer.read()) == (200, True)
            connection.close()
            asked += 1
            counts = searches_by_process()
            # One worker after the other takes what comes.
            if sum(count > 0 for count in counts.values()) == 2 or asked == 400:
                break
        assert set(counts) > {process.pid}
        assert len(counts) == 3
        # A record may be a moment old.
        end = time.monotonic() + LIMIT_S
        while sum(searches_by_process().values()) < 2 * asked:
            assert time.monotonic() < end
        seen = run("gunicorn", 1)["seen"]
        assert {(host.clients, host.living) for host in seen.hosts} == {(3, 3)}
    finally:
        process.terminate()
        _, complaints = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, complaints) == (0, "")


def searches_by_process() -> Counter[int]:
    """Answers of agents that each process has had, pings left out."""
    counts: Counter[int] = Counter()
    for process in hamirror.status.shared("status", timeout=LIMIT_S).processes:
        mirrors = (mirror for agent in process.status.agents for mirror in agent.mirrors)
        counts[process.pid] += sum(
            mirror.since_start.counters["succeeded_queries"] for mirror in mirrors
        )
    return counts


CELERY = """
broker_url = "filesystem://"
broker_transport_options = {"data_folder_in": "queue", "data_folder_out": "queue"}
result_backend = "file://results"
worker_hijack_root_logger = False
"""


def test_celery(place: Path, found: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("celery")
    (place / "tasks.py").write_text(blocks()["Celery"][0])
    (place / "celeryconfig.py").write_text(CELERY.replace("file://results", f"file://{place}/out"))
    for folder in ("queue", "control", "out"):
        (place / folder).mkdir()
    command = [sys.executable, "-m", "celery", "--app", "tasks", "worker", "--pool", "prefork"]
    command += ["--concurrency", "2", "--loglevel", "ERROR", "--without-mingle"]
    environment = os.environ | {"C_FORCE_ROOT": "1"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    monkeypatch.syspath_prepend(str(place))
    try:
        tasks = importlib.import_module("tasks")
        counts = [tasks.count.delay("library") for _ in range(6)]
        assert [count.get(timeout=LIMIT_S) for count in counts] == [found] * 6
    finally:
        process.terminate()
        process.wait(timeout=LIMIT_S)
        for name in ("tasks", "celeryconfig"):
            sys.modules.pop(name, None)


@pytest.fixture
def no_hints_of_others() -> Iterator[None]:
    """Test clients warn of their own next version."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def test_fastapi(run: Any, found: int, no_hints_of_others: None) -> None:
    pytest.importorskip("fastapi")
    pytest.importorskip("httpx")
    from fastapi.testclient import TestClient

    with TestClient(run("FastAPI")["app"]) as asked:
        for _ in range(3):
            answer = asked.get("/search", params={"q": "library"})
            assert (answer.status_code, answer.json()["found"]) == (200, found)
            assert len(answer.json()["names"]) == 20


def test_asyncio(run: Any, client: hamirror.Client, cluster: Cluster) -> None:
    words = ["library", "editor", "shell"]
    expected = {word: client.search(cluster.index, word).total_found for word in words}
    assert run("asyncio")["counts"] == expected


def test_pandas(run: Any, client: hamirror.Client, cluster: Cluster) -> None:
    pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    rows = client.search(
        cluster.index, "library", select="section, size", limit=5000, max_matches=5000
    )
    expected: Counter[str] = Counter()
    for row in rows:
        expected[row["section"]] += row["size"]
    assert run("pandas")["sizes"].to_dict() == expected
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "pandas only supports SQLAlchemy", UserWarning)
        sections = run("pandas", 1)["sections"]
    documents = client.search(cluster.index, "").total_found
    assert sections["packages"].sum() == documents > 0
    assert set(sections["section"]) >= set(expected)


def test_counting(run: Any, client: hamirror.Client, cluster: Cluster, found: int) -> None:
    names = run("Counting")
    rows = client.search(cluster.index, "library", select="size", limit=5000, max_matches=5000)
    assert (names["found"], names["packages"]) == (found, found)
    assert names["total_bytes"] == sum(row["size"] for row in rows)


def test_paging(run: Any, client: hamirror.Client, cluster: Cluster, found: int) -> None:
    rows = client.search(
        cluster.index, "library", sort=hamirror.Sort.extended("size desc, @id asc"), limit=150
    )
    pages = run("Paging")["pages"]
    assert [row.id for page in pages for row in page] == [row.id for row in rows]
    ids = run("Paging", 1)["ids"]
    assert ids == sorted(set(ids))
    assert len(ids) == found > 500


def test_facets(run: Any, client: hamirror.Client, cluster: Cluster) -> None:
    names = run("Facets")
    rows = client.search(cluster.index, "library", select="section", limit=5000, max_matches=5000)
    assert names["by_section"] == Counter(row["section"] for row in rows)
    assert len(names["rows"]) == 10
