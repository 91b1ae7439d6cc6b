"""`hamirror check`: faults of files, and mirrors that differ."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from command_line import CommandLine, alone
from daemons import Player, refused_address
from played import mirror

if TYPE_CHECKING:
    from daemons import Cluster

FAULTY = """\
index goods
{
    type = distributed
    agent = box1:0:shard1
    agent = box1:9312|box2:9312:shard1
    agent_conect_timeout = 5
}
"""

SHOWN = """\
fault: {path}:4:18: '0': a port from 1 to 65535 is expected
        agent = box1:0:shard1
                     ^
{path}: refused: 1 fault, 0 warnings
"""


def test_each_fault_is_shown_with_its_line_and_a_caret(
    hamirror: CommandLine, tmp_path: Path
) -> None:
    path = tmp_path / "faulty.conf"
    path.write_text(FAULTY)
    ended = hamirror("check", path)
    assert ended.code == 1
    assert ended.out == SHOWN.format(path=path)
    assert ended.err == ""
    told = json.loads(hamirror("check", path, "--json").out)
    (fault,) = told["faults"]
    assert (fault["line"], fault["column"], fault["text"]) == (4, 18, "0")
    path.write_text(FAULTY.replace("box1:0", "box1:1"))
    ended = hamirror("check", path)
    assert ended.code == 0
    warning, line, caret, facts = ended.out.splitlines()
    assert warning.startswith(f"warning: {path}:6:5: 'agent_conect_timeout': ")
    assert (line.split(), caret.strip()) == (["agent_conect_timeout", "=", "5"], "^")
    assert facts == f"{path}: 1 distributed index, 2 agents, 3 mirrors, 1 warning"
    told = json.loads(hamirror("check", path, "--json").out)
    assert ([one["line"] for one in told["warnings"]], told["faults"]) == ([6], [])


def test_a_daemons_rules_are_its_own(hamirror: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "faulty.conf"
    path.write_text(FAULTY.replace("    agent_conect_timeout = 5\n", "") + "searchd\n{\n}\n")
    assert hamirror("check", path).code == 1
    ended = hamirror("check", path, "--reading", "manticore")
    # The daemon starts, and does not serve that index.
    assert ended.code == 0
    assert ended.out.startswith(f"warning: {path}:4:19: ':shard1': invalid port number")
    assert ended.out.endswith(": 0 distributed indexes, 0 agents, 0 mirrors, 1 warning\n")


def test_a_configuration_is_read_from_a_pipe() -> None:
    ended = alone("check", "-", text=FAULTY.replace("box1:0", "box1:1"))
    assert ended.code == 0
    assert "warning: <stdin>:6:5: " in ended.out
    assert ended.err == ""


def test_a_file_that_is_not_there_is_told(hamirror: CommandLine, tmp_path: Path) -> None:
    ended = hamirror("check", tmp_path / "no.conf")
    assert (ended.code, ended.out) == (1, "")
    assert "No such file" in ended.err


def test_what_a_file_says_is_no_order_to_the_terminal(
    hamirror: CommandLine, tmp_path: Path
) -> None:
    path = tmp_path / "evil.conf"
    path.write_text("index d\n{\n type = distributed\n agent = box1:\x1b[2J:x\n}\n")
    ended = hamirror("check", path)
    assert ended.code == 1
    assert "\x1b" not in ended.out


def test_mirrors_that_serve_the_same_are_well(hamirror: CommandLine, cluster: Cluster) -> None:
    ended = hamirror("check", cluster.config_path, "--connect")
    assert ended.code == 0
    _, header, _, *lines = ended.out.splitlines()
    assert header.split()[:2] == ["agent", "mirror"]
    assert [line.split()[-2:] for line in lines] == [["1000", "11"]] * 4


def configuration(path: Path, *mirrors: str) -> Path:
    path.write_text(
        f"index d\n{{\n type = distributed\n agent = {'|'.join(mirrors)}\n}}\nsearchd\n{{\n}}\n"
    )
    return path


def test_mirrors_of_one_agent_that_differ_are_told(hamirror: CommandLine, tmp_path: Path) -> None:
    old = {"uptime": "1", "version": "6.0.4"}
    new = {"uptime": "1", "version": "6.3.2"}
    schema = {"price": "uint", "added": "timestamp"}
    with (
        Player(mirror(documents=5, columns=schema, counters=old)) as one,
        Player(
            mirror(documents=7, columns={"price": "bigint"}, fields=("body",), counters=new)
        ) as other,
    ):
        names = [f"{player.address}:shard" for player in (one, other)]
        ended = hamirror("check", configuration(tmp_path / "c.conf", *names), "--connect")
        told = json.loads(hamirror("check", tmp_path / "c.conf", "--connect", "--json").out)
    first, second = names
    assert ended.code == 3
    lines = [line for line in ended.out.splitlines() if line.startswith("d agent 0: ")]
    assert lines == [
        f"d agent 0: versions differ: {first} has 6.0.4; {second} has 6.3.2",
        f"d agent 0: numbers of documents differ: {first} has 5; {second} has 7",
        f"d agent 0: full-text fields differ: {first} has title; {second} has body",
        f"d agent 0: attributes 'price' differ: {first} has uint; {second} has bigint",
        f"d agent 0: attributes 'added' differ: {first} has timestamp; {second} has none",
    ]
    (agent,) = told["agents"]
    assert [f"d agent 0: {fault}" for fault in agent["faults"]] == lines
    assert [one["version"] for one in agent["mirrors"]] == ["6.0.4", "6.3.2"]


def test_daemons_that_tell_no_version_differ_by_their_counters(
    hamirror: CommandLine, tmp_path: Path
) -> None:
    with (
        Player(mirror(documents=1, columns={})) as one,
        Player(mirror(documents=1, columns={}, counters={"uptime": "1", "rt": "2"})) as other,
    ):
        names = [f"{player.address}:shard" for player in (one, other)]
        ended = hamirror("check", configuration(tmp_path / "c.conf", *names), "--connect")
    assert ended.code == 3
    assert "versions differ: " in ended.out
    assert ended.out.endswith("one alone counts rt\n")


def test_a_mirror_that_is_not_there_is_told_with_its_cause(
    hamirror: CommandLine, tmp_path: Path
) -> None:
    refused = refused_address()
    with Player(mirror(documents=1, columns={})) as player:
        path = configuration(tmp_path / "c.conf", f"{refused}:shard", f"{player.address}:shard")
        ended = hamirror("check", path, "--connect")
    assert ended.code == 3
    assert f"{refused}:shard: ping: connect() failed: Connection refused" in ended.out
    assert hamirror("check", path, "--connect").code == 4


def test_a_mirror_that_is_silent_is_waited_for_as_long_as_is_said(
    hamirror: CommandLine, tmp_path: Path
) -> None:
    with Player(None) as silent:
        path = configuration(tmp_path / "c.conf", f"{silent.address}:x")
        ended = hamirror("check", path, "--connect", "--timeout", 0.1)
    assert ended.code == 4
    told = ended.out.splitlines()[-1]
    assert told.startswith(f"d agent 0: {silent.address}:x: ping: ")
    assert "timed out" in told


def test_an_index_that_a_mirror_does_not_have_is_told(
    hamirror: CommandLine, cluster: Cluster, tmp_path: Path
) -> None:
    served, other = cluster.shards[0]
    path = configuration(tmp_path / "c.conf", f"{served}:packages0", f"{other}:nosuch")
    ended = hamirror("check", path, "--connect")
    assert ended.code == 3
    assert f"{other}:nosuch: search: " in ended.out
    assert "nosuch" in ended.out.splitlines()[-1]


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_without_the_extra_the_command_says_how_to_get_it(missing: str) -> None:
    program = f"import sys; sys.modules[{missing!r}] = None; from hamirror.cli import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr == (
        f"hamirror: {missing} is not installed: pip install 'hamirror[cli]' has it\n"
    )
