"""`hamirror bench`: what is measured, and what is told of it."""

from __future__ import annotations

import errno
import itertools
import json
import os
import re
import threading
import time
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

import hamirror
from daemons import Player, refused_address
from hamirror.cli.bench import _lines
from hamirror.cli.histogram import Bucket, bars, buckets, svg
from hamirror.cli.load import Outcome
from played import mirror
from terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from command_line import CommandLine
    from daemons import Cluster

ANSWER = mirror(documents=1, columns={})


@pytest.fixture
def queries(tmp_path: Path) -> Path:
    """A file of three queries."""
    path = tmp_path / "queries.txt"
    path.write_text("library\n\neditor\nshell tool\n")
    return path


def configuration(path: Path, *agents: str) -> Path:
    lines = "".join(f" agent = {agent}\n" for agent in agents)
    path.write_text(
        f"index d\n{{\n type = distributed\n{lines} agent_query_timeout = 600000\n}}\n"
        "searchd\n{\n}\n"
    )
    return path


@pytest.mark.parametrize("way", [("--threads", 3), ("--rate", 2000)])
def test_every_search_is_counted_by_who_answered_it(
    hamirror: CommandLine, cluster: Cluster, queries: Path, way: tuple[str, int]
) -> None:
    bench = ("bench", cluster.config_path, cluster.index, queries, "--count", 60, *way)
    told = json.loads(hamirror(*bench, "--json").out)
    assert (told["answered"], told["partial"], told["failed"], told["errors"]) == (60, 0, 0, {})
    assert sum(count for *_, count in told["histogram"]) == 60
    times = list(told["percentiles_s"].values())
    assert list(told["percentiles_s"]) == ["50", "90", "99", "99.9", "100"]
    assert 0 < times[0] <= times[1] <= times[2] <= times[3] <= times[4] < told["took_s"]
    # One that is slow gets company: then both mirrors may answer.
    for agent in ("packages 0", "packages 1"):
        answers = [one["answers"] for one in told["served"] if one["agent"] == agent]
        assert len(answers) == 2
        assert sum(answers) >= 60


def test_the_report_is_for_people(hamirror: CommandLine, cluster: Cluster, queries: Path) -> None:
    ended = hamirror("bench", cluster.config_path, cluster.index, queries, "--count", 20)
    assert (ended.code, ended.err) == (0, "")
    facts, header, _, times, _, *rest = ended.out.splitlines()
    assert facts.startswith("20 answered, 0 of them in part, 0 failed, in ")
    assert header.split() == ["p50", "ms", "p90", "ms", "p99", "ms", "p99.9", "ms", "max", "ms"]
    assert len(times.split()) == 5
    gap = rest.index("")
    assert sum(int(line.split()[-1]) for line in rest[:gap]) == 20
    assert [line.split()[2] for line in rest[gap + 3 :]] == [
        f"{host}:packages{shard}" for shard, hosts in enumerate(cluster.shards) for host in hosts
    ]


def test_a_slow_cluster_does_not_slow_down_the_clock(
    hamirror: CommandLine, tmp_path: Path, queries: Path
) -> None:
    # Nothing is answered before ten searches have come: the first has waited for nine pauses.
    came, all_came = [0], threading.Event()
    lock = threading.Lock()

    def answer(body: bytes) -> bytes:
        with lock:
            came[0] += 1
            if came[0] >= 10:
                all_came.set()
        all_came.wait()
        return ANSWER(body)

    with Player(answer) as player:
        path = configuration(tmp_path / "c.conf", f"{player.address}:any")
        bench = ("bench", path, "d", queries, "--rate", 50, "--count", 10, "--json")
        told = json.loads(hamirror(*bench).out)
    assert told["answered"] == 10
    assert told["percentiles_s"]["100"] >= 9 / 50


def test_a_search_that_waits_for_room_counts_from_when_it_was_due(
    hamirror: CommandLine,
    tmp_path: Path,
    queries: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hamirror.cli.bench.IN_FLIGHT_MAX", 1)

    def answer(body: bytes) -> bytes:
        time.sleep(0.02)
        return ANSWER(body)

    with Player(answer) as player:
        path = configuration(tmp_path / "c.conf", f"{player.address}:any")
        bench = ("bench", path, "d", queries, "--rate", 10_000, "--count", 10, "--json")
        told = json.loads(hamirror(*bench).out)
    # All are due at once; the last one waits for nine others.
    assert told["answered"] == 10
    assert told["percentiles_s"]["100"] >= 10 * 0.02 - 10 / 10_000
    assert told["percentiles_s"]["50"] >= 5 * 0.02 - 10 / 10_000


def test_a_time_ends_it(hamirror: CommandLine, cluster: Cluster, queries: Path) -> None:
    bench = ("bench", cluster.config_path, cluster.index, queries, "--duration", 0.3, "--json")
    assert hamirror(*bench).code == 0
    # What is due before the end is begun by then, or told: 60 of them.
    told = json.loads(hamirror(*bench, "--rate", 200).out)
    assert told["answered"] + told["not_begun"] == 60
    # A count may end it before.
    told = json.loads(hamirror(*bench, "--rate", 10_000, "--count", 20).out)
    assert told["answered"] + told["not_begun"] == 20


def test_searches_that_are_late_do_not_outlast_the_time(
    hamirror: CommandLine,
    tmp_path: Path,
    queries: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hamirror.cli.bench.IN_FLIGHT_MAX", 1)

    def answer(body: bytes) -> bytes:
        time.sleep(0.05)
        return ANSWER(body)

    with Player(answer) as player:
        path = configuration(tmp_path / "c.conf", f"{player.address}:any")
        bench = ("bench", path, "d", queries, "--rate", 100, "--duration", 0.3, "--json")
        ended = hamirror(*bench)
    told = json.loads(ended.out)
    # One after the other: the seventh would begin after the end.
    assert 1 <= told["answered"] <= 6
    assert told["not_begun"] == 30 - told["answered"]
    assert f"{told['not_begun']} searches were due and not begun in time" in ended.err


def test_what_fails_is_told_by_its_cause_and_by_the_code(
    hamirror: CommandLine, cluster: Cluster, tmp_path: Path, queries: Path
) -> None:
    served, refused = f"{cluster.shards[0][0]}:packages0", f"{refused_address()}:packages1"
    half = configuration(tmp_path / "half.conf", served, refused)
    for way in ("--threads", "--rate"):
        bench = ("bench", half, "d", queries, "--count", 5, way, 5)
        ended = hamirror(*bench, "--json")
        told = json.loads(ended.out)
        assert ended.code == 3
        assert (told["answered"], told["partial"], told["failed"]) == (5, 5, 0)
        assert told["served"][1]["answers"] == 0
        assert told["served"][1]["failures"] > 0

        ended = hamirror(*bench, "--completeness", "all")
        assert ended.code == 4
        assert ended.out.startswith("0 answered, 0 of them in part, 5 failed")
        assert "Connection refused" in ended.err

        queries.write_text('"library\n')
        ended = hamirror("bench", cluster.config_path, cluster.index, queries, "--count", 2)
        assert ended.code == 1
        assert "2 times: " in ended.err
        assert "syntax error" in ended.err
        queries.write_text("library\n")


def test_what_is_no_bench_is_refused(
    hamirror: CommandLine, cluster: Cluster, tmp_path: Path, queries: Path
) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("\n")
    assert hamirror("bench", cluster.config_path, cluster.index, empty).code == 2
    assert hamirror("bench", cluster.config_path, cluster.index, tmp_path / "no").code == 2
    ended = hamirror("bench", cluster.config_path, "nosuch", queries)
    assert (ended.code, ended.out) == (1, "")


def test_at_a_terminal_it_shows_how_far_it_is_and_ctrl_c_ends_it(
    cluster: Cluster, queries: Path
) -> None:
    for way in ("--threads", "--rate"):
        bench = ("bench", cluster.config_path, cluster.index, queries, "--count", 10**6, way, 20)
        with Terminal(*bench, lines=60) as terminal:
            terminal.wait_for(lambda screen: re.search("[1-9][0-9]* searches", screen) is not None)
            terminal.press("\x03")
            screen = terminal.wait_for("answers   failures")
            assert " answered, 0 of them in part, 0 failed" in screen
            assert terminal.wait() == 0


def test_the_histogram_is_an_image_too(
    hamirror: CommandLine, cluster: Cluster, tmp_path: Path, queries: Path
) -> None:
    image = tmp_path / "histogram.svg"
    bench = ("bench", cluster.config_path, cluster.index, queries, "--count", 30)
    assert hamirror(*bench, "--svg", image).code == 0
    root = ElementTree.parse(image).getroot()
    texts = [one.text or "" for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0] == f"{cluster.index}: 30 searches, 1 threads"
    assert [text.split()[0] for text in texts if text.startswith("p")][1:] == ["p50", "p90", "p99"]
    told = [one.text or "" for one in root.iter("{http://www.w3.org/2000/svg}title")]
    assert sum(int(text.split()[-1]) for text in told) == 30


def test_a_place_for_the_image_that_is_none_is_told_before_the_load(
    hamirror: CommandLine, tmp_path: Path, queries: Path
) -> None:
    image = tmp_path / "nosuch" / "histogram.svg"
    with Player(ANSWER) as player:
        path = configuration(tmp_path / "c.conf", f"{player.address}:any")
        ended = hamirror("bench", path, "d", queries, "--count", 3, "--svg", image)
        assert player.requests == []
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == f"hamirror: {image}: {os.strerror(errno.ENOENT)}\n"


def test_what_is_no_fault_of_a_query_is_not_counted_as_one() -> None:
    def failed(error: hamirror.Error) -> Outcome:
        def fail() -> hamirror.SearchResult:
            raise error

        outcome = Outcome()
        outcome.take(fail, 0.0)
        assert outcome.failed == 1
        return outcome

    ours = (hamirror.ResourceError("no descriptor"), hamirror.MergeError("no fit"))
    assert [failed(error).refused for error in ours] == [0, 0]
    theirs = (hamirror.QueryError("no field"), hamirror.RequestError("too long"))
    assert [failed(error).refused for error in theirs] == [1, 1]


def test_a_line_of_queries_ends_where_a_file_has_an_end_of_line(tmp_path: Path) -> None:
    path = tmp_path / "queries.txt"
    path.write_bytes("a\u2028b\x85c\x0cd\r\n\u00e9\n".encode() + b"\xff")
    assert _lines(path) == ["a\u2028b\x85c\x0cd", "\u00e9", "\udcff"]


def test_buckets_hold_every_time_once() -> None:
    times = [0.001 * 1.1**number for number in range(60)]
    for some in (times, times[:1], [0.0, 5.0], [1.0] * 3):
        histogram = buckets(some)
        assert len(histogram) <= 25
        assert sum(bucket.count for bucket in histogram) == len(some)
        for bucket, after in itertools.pairwise(histogram):
            assert bucket.high_s == after.low_s
    (only,) = buckets([0.0015])
    assert only.low_s <= 0.0015 < only.high_s
    assert buckets([]) == []


def test_bars_are_as_long_as_their_share() -> None:
    lines = bars([Bucket(0.001, 0.002, 8), Bucket(0.002, 0.004, 4), Bucket(0.004, 0.01, 0)], 4)
    assert lines == [
        "    1.00 - 2.00 ms ████ 8",
        "    2.00 - 4.00 ms ██ 4",
        "    4.00 - 10.0 ms  0",
    ]
    assert bars([], 4) == []
    ElementTree.fromstring(svg([], "<nothing>", {}))


def test_percentiles_are_of_those_that_were_answered() -> None:
    outcome = Outcome()
    assert outcome.percentile(50) is None
    outcome.latencies_s.extend(float(number) for number in range(100, 0, -1))
    for percent in (1, 50, 99, 100):
        assert outcome.percentile(percent) == percent
    assert outcome.percentile(99.9) == 100
    assert outcome.percentile(0.5) == 1
