"""`hamirror top`: a live screen, at a terminal that the test plays."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import hamirror as library
from hamirror.cli.history import History, Moment, sparkline
from hamirror.cli.top import View
from terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from command_line import CommandLine
    from daemons import Cluster


def one_refuses(cluster: Cluster, path: Path) -> Path:
    text = cluster.config_path.read_text()
    path.write_text(text.replace(cluster.shards[0][1], "127.0.0.1:1"))
    return path


def mirrors(screen: str) -> list[str]:
    """Addresses in the order of their lines."""
    return [line.split()[2] for line in screen.splitlines()[2:6]]


def test_the_screen_shows_every_mirror_again_and_again(cluster: Cluster, tmp_path: Path) -> None:
    path = one_refuses(cluster, tmp_path / "c.conf")
    with Terminal("top", path, "--interval", 0.1, columns=200) as terminal:
        # Four looks at least: the mirror is found dead.
        terminal.wait_for("refused since")
        terminal.wait_for("failures in a row, trial due")
        terminal.wait_for("✗✗✗")
        # The last line is written last: the lines above it are whole, and stay.
        terminal.press(" ")
        screen = terminal.wait_for("held; ")
        assert screen.count("living since") == 3
        assert any(bar in screen for bar in "▁▂▃▄▅▆▇█")
        in_order = mirrors(screen)
        assert in_order[1].startswith("127.0.0.1:1:")
        terminal.press("s")
        screen = terminal.wait_for("by state")
        assert mirrors(screen) == [in_order[1], in_order[0], *in_order[2:]]
        terminal.press("r")
        screen = terminal.wait_for("by state, the other way round")
        assert mirrors(screen)[-1] == in_order[1]
        terminal.press(" ")
        terminal.wait_for(lambda screen: "\nby state" in screen)
        terminal.press("q")
        # Its agent has another mirror.
        assert terminal.wait() == 0
        # The cursor is back, and the screen as it was before.
        assert terminal.printed.rstrip().endswith(b"\x1b[?1049l")
        assert b"\x1b[?25h" in terminal.printed


def test_the_exit_code_is_that_of_status(tmp_path: Path) -> None:
    path = tmp_path / "c.conf"
    path.write_text("index d\n{\n type = distributed\n agent = 127.0.0.1:1:x\n}\nsearchd\n{\n}\n")
    with Terminal("top", path, "--interval", 0.1) as terminal:
        terminal.wait_for("refused since")
        terminal.press("q")
        assert terminal.wait() == 4


def test_ctrl_c_leaves_the_terminal_as_it_was(cluster: Cluster) -> None:
    with Terminal("top", cluster.config_path) as terminal:
        terminal.wait_for("living since")
        terminal.press("\x03")
        assert terminal.wait() == 130
        assert b"Traceback" not in terminal.printed
        assert b"\x1b[?25h" in terminal.printed


def test_a_pipe_is_no_place_for_it(hamirror: CommandLine, cluster: Cluster) -> None:
    ended = hamirror("top", cluster.config_path)
    assert (ended.code, ended.out) == (2, "")
    assert "top needs a terminal" in ended.err


def test_lines_are_sorted_by_each_key(client: library.Client, cluster: Cluster) -> None:
    for _ in range(3):
        client.search(cluster.index, "library")
    status = client.status()
    first, *rest = status.hosts
    slow = replace(first.latencies_since_start, p50_s=9.0, p99_s=10.0)
    counters = {**first.since_start.counters, "query_timeouts": 3}
    sick = replace(
        first,
        errors_in_row=3,
        latencies_since_start=slow,
        since_start=replace(first.since_start, counters=counters),
    )
    # The last one of the configuration: each key brings it to the top.
    status = replace(status, hosts=(*rest, sick), agents=status.agents[::-1])
    for key, is_first in {"c": False, "s": True, "p": True, "m": True, "f": True}.items():
        view = View("h")
        view.look(status)
        assert view.press(key)
        assert (view.lines()[0].host is sick) is is_first, key
        view.press("r")
        assert (view.lines()[-1].host is sick) is is_first, key
    assert not view.press("q")


def test_a_held_screen_stays_as_it_is(client: library.Client) -> None:
    view = View("c")
    view.look(client.status())
    view.press(" ")
    before = view.lines()
    view.look(replace(client.status(), agents=()))
    assert view.lines() == before
    view.press(" ")
    view.look(replace(client.status(), agents=()))
    assert view.lines() == []


def test_bars_are_what_ended_between_two_looks(client: library.Client, cluster: Cluster) -> None:
    history = History(3)
    status = client.status()
    host = status.hosts[0]

    def look(count: int, sum_s: float, failures: int) -> None:
        latencies = replace(host.latencies_since_start, count=count, sum_s=sum_s)
        counters = {**host.since_start.counters, "query_timeouts": failures, "overtaken": count}
        window = replace(host.since_start, counters=counters)
        seen = replace(host, latencies_since_start=latencies, since_start=window)
        history.add(replace(status, hosts=(seen,)))

    look(10, 1.0, 0)
    assert history.moments(host.name) == ()
    look(12, 3.0, 0)
    look(12, 3.0, 2)
    look(12, 3.0, 2)
    expected = (Moment(1.0, 0), Moment(None, 2), Moment(None, 0))
    assert history.moments(host.name) == expected
    assert sparkline(expected, history.scale_s()) == "█✗ "
    # The oldest one is forgotten.
    look(13, 3.5, 2)
    assert history.moments(host.name) == (*expected[1:], Moment(0.5, 0))
    assert sparkline(history.moments(host.name), 1.0) == "✗ ▅"
    assert sparkline((Moment(0.0, 0),), 0.0) == "▁"
    assert history.moments("nobody") == ()
