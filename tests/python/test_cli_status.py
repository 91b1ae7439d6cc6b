"""`hamirror status`: one line a mirror, and whether an agent has no living one."""

from __future__ import annotations

import errno
import json
import logging
import os
import re
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

import hamirror as library
from command_line import CommandLine, alone
from daemons import Player, refused_address
from hamirror.cli import health
from hamirror.cli.exits import Log

if TYPE_CHECKING:
    from pathlib import Path

    from daemons import Cluster
    from hamirror.status import HostStatus


def configuration(path: Path, *agents: str) -> Path:
    lines = "".join(f" agent = {agent}\n" for agent in agents)
    path.write_text(f"index d\n{{\n type = distributed\n{lines}}}\nsearchd\n{{\n}}\n")
    return path


def half_dead(cluster: Cluster, path: Path) -> Path:
    """The first agent has one mirror that refuses."""
    (served, _), (other, _) = cluster.shards
    return configuration(
        path, f"{refused_address()}:packages0|{served}:packages0", f"{other}:packages1"
    )


def test_every_mirror_has_a_line(hamirror: CommandLine, cluster: Cluster) -> None:
    ended = hamirror("status", cluster.config_path)
    assert (ended.code, ended.err) == (0, "")
    header, _, *lines = ended.out.splitlines()
    assert header.split()[:4] == ["agent", "mirror", "state", "share"]
    mirrors = [
        f"{host}:packages{shard}" for shard, hosts in enumerate(cluster.shards) for host in hosts
    ]
    assert [line.split()[2] for line in lines] == mirrors
    for line in lines:
        assert " living since " in line
        # Every query to it was timed.
        assert float(line.split()[8]) > 0
        assert line.split()[-2:] == ["-", "-"]


def test_a_mirror_that_refuses_tells_since_when_and_what_comes_next(
    hamirror: CommandLine, cluster: Cluster, tmp_path: Path
) -> None:
    ended = hamirror("status", half_dead(cluster, tmp_path / "c.conf"))
    # The other mirror serves the agent.
    assert (ended.code, ended.err) == (0, "")
    dead, living, *_ = ended.out.splitlines()[2:]
    assert " refused since " in dead
    assert ", 4 failures in a row, next trial in " in dead
    assert " 0% " in dead
    assert " 4 connect_failures " in dead
    assert " connect: connect() failed: Connection refused " in dead
    assert dead.endswith(" s ago")
    assert " 100% " in living


def test_what_the_library_logs_is_printed_by_commands_that_do_not_show_it(
    hamirror: CommandLine, tmp_path: Path
) -> None:
    logger = logging.getLogger("hamirror")
    handlers, propagates = list(logger.handlers), logger.propagate
    path = configuration(tmp_path / "c.conf", f"{refused_address()}:x")
    queries = tmp_path / "queries.txt"
    queries.write_text("library\n")
    # A process of its own, where no handler of pytest takes what is logged.
    shown = alone("status", path)
    assert "refused since" in shown.out
    assert shown.err == "hamirror: d agent 0 has no living mirror\n"
    told = alone("bench", path, "d", queries, "--count", 8).err
    assert re.search(r"^hamirror: host \S+ found dead: ", told, re.MULTILINE)
    assert all(line.startswith("hamirror: ") for line in told.splitlines())
    assert hamirror("check", path).code == 0
    assert (logger.handlers, logger.propagate) == (handlers, propagates)


def test_a_logged_line_is_no_order_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    record = logging.LogRecord("hamirror", logging.WARNING, "", 0, "%s", ("\x1b[2J\n",), None)
    Log().handle(record)
    assert capsys.readouterr().err == "hamirror: \\x1b[2J\\n\n"


def test_a_pipe_has_no_width_whatever_its_colours(cluster: Cluster) -> None:
    command = ("sql", cluster.config_path, f"SELECT * FROM {cluster.index} LIMIT 3")
    plain = alone(*command)
    forced = alone(*command, environment={"FORCE_COLOR": "1"})
    letters = re.sub(r"\x1b\[[0-9;]*m", "", forced.out)
    assert letters != forced.out
    without = [line.rstrip() for line in letters.splitlines()]
    # The line of facts has the time that it took.
    assert without[:-1] == plain.out.splitlines()[:-1]
    assert len(plain.out.splitlines()[2]) > 80


def test_an_output_that_is_full_is_told(cluster: Cluster) -> None:
    command = [sys.executable, "-m", "hamirror", "status", str(cluster.config_path)]
    with open("/dev/full", "w") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert ended.returncode == 1
    assert ended.stderr.decode() == f"hamirror: {os.strerror(errno.ENOSPC)}\n"


def test_an_agent_without_a_living_mirror_has_an_exit_code(
    hamirror: CommandLine, cluster: Cluster, tmp_path: Path
) -> None:
    served, gone = cluster.shards[0][0], f"{refused_address()}:x"
    path = configuration(tmp_path / "c.conf", f"{served}:packages0", gone)
    for layout in ((), ("--json",), ("--sphinx",), ("--prometheus",)):
        ended = hamirror("status", path, *layout)
        assert (ended.code, ended.err) == (4, "hamirror: d agent 1 has no living mirror\n")
    # Less than that proves nothing.
    assert hamirror("status", path, "--rounds", 3).code == 0


def test_the_record_is_printed_in_the_form_of_others(
    hamirror: CommandLine, cluster: Cluster, tmp_path: Path
) -> None:
    path = half_dead(cluster, tmp_path / "c.conf")
    told = json.loads(hamirror("status", path, "--json").out)
    assert [host["state"] for host in told["hosts"]] == ["dead", "living", "living"]
    assert told["hosts"][0]["since_start"]["counters"]["connect_failures"] == 4

    keys = {line.split()[0] for line in hamirror("status", path, "--sphinx").out.splitlines()[2:]}
    assert {"status_period_seconds", "ag_0_hostname", "ag_2_errorsarow"} <= keys
    ended = hamirror("status", path, "--sphinx", "--reading", "manticore")
    assert "ag_0_hostname" in ended.out

    text = hamirror("status", path, "--prometheus").out
    families = {family.name: family for family in text_string_to_metric_families(text)}
    up = [sample.value for sample in families["hamirror_host_up"].samples]
    assert up == [0, 1, 1]


def test_a_silent_mirror_is_told_from_one_that_refuses(
    hamirror: CommandLine, tmp_path: Path
) -> None:
    with Player(None) as player:
        path = configuration(tmp_path / "c.conf", f"{player.address}:x")
        path.write_text(path.read_text().replace("}\n", " agent_query_timeout = 100\n}\n", 1))
        ended = hamirror("status", path)
    assert ended.code == 4
    assert " silent since " in ended.out
    assert " 4 query_timeouts " in ended.out


def test_indexes_without_agents_are_passed_over(
    hamirror: CommandLine, cluster: Cluster, tmp_path: Path
) -> None:
    path = configuration(tmp_path / "c.conf", f"{cluster.shards[0][0]}:packages0")
    local = "index own\n{\n type = distributed\n local = mine\n}\n"
    path.write_text(local + path.read_text())
    for command in (("status",), ("check", "--connect")):
        ended = hamirror(*command, path)
        assert (ended.code, ended.err) == (0, "")
        assert len([line for line in ended.out.splitlines() if ":packages0 " in line]) == 1
    path.write_text(local)
    assert hamirror("status", path).code == 0


@pytest.fixture
def host(cluster: Cluster) -> HostStatus:
    """The record of a living host."""
    with library.Client(cluster.config(), background=False) as client:
        return client.status().hosts[0]


def story(client: library.Client, host: HostStatus) -> str:
    line = health.lines(client.status())[0]
    return replace(line, host=host).story


def test_a_story_says_what_comes_next(client: library.Client, host: HostStatus) -> None:
    failing = replace(host, errors_in_row=1)
    dead = replace(
        host, is_living=False, state="dead", state_for_s=12.3, next_trial_s=2.96, errors_in_row=4
    )
    trial = replace(dead, state="on_trial", next_trial_s=None, state_for_s=200.0)
    due = replace(dead, next_trial_s=0.0)
    assert story(client, replace(host, state_for_s=0.25)) == "living since 0.2 s"
    assert story(client, failing) == "failing, 1 failure in a row"
    assert story(client, dead) == "dead since 12 s, 4 failures in a row, next trial in 3.0 s"
    assert story(client, trial) == "dead since 3 min 20 s, 4 failures in a row, on trial now"
    assert story(client, due).endswith(", trial due")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (9.9, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (200, "3 min 20 s"),
        (7_500, "2 h 5 min"),
        (86_400 * 3 + 3_600, "3 d 1 h"),
    ],
)
def test_ages_have_two_units_at_most(seconds: float, text: str) -> None:
    assert health.age(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "-"), (0.00123, "1.23"), (0.0123, "12.3"), (0.123, "123"), (1.5, "1500")],
)
def test_times_have_three_digits(seconds: float | None, text: str) -> None:
    assert health.milliseconds(seconds) == text
