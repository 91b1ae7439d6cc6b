"""`hamirror search` and `hamirror sql`: rows in each format, and what of agents that fail."""

from __future__ import annotations

import csv
import io
import json
import os
import struct
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import hamirror as library
from command_line import CommandLine, alone
from daemons import CAPTURES, Player, refused_address, reply
from hamirror.cli import output

if TYPE_CHECKING:
    from pathlib import Path

    from daemons import Cluster

PARTS = "SELECT id, weight() AS weight, * FROM  WHERE "
ALL_ATTRIBUTES = (CAPTURES / "search_allattrs_master14_11F.rep.bin").read_bytes()


def found(ended_out: str) -> list[list[str]]:
    """Cells of a table, its two lines of header and its facts left out."""
    return [line.split() for line in ended_out.splitlines()[2:-1]]


def test_a_search_prints_the_rows_that_the_library_finds(
    hamirror: CommandLine, client: library.Client, cluster: Cluster
) -> None:
    options = ("--select", "id, weight() AS weight, name", "--limit", 5)
    ended = hamirror("search", cluster.config_path, cluster.index, "library", *options)
    assert (ended.code, ended.err) == (0, "")
    result = client.search(cluster.index, "library", limit=5)
    expected = [[str(row.id), str(row.weight), row["name"]] for row in result]
    assert found(ended.out) == expected
    facts = f"5 rows, {result.total_found} found, 2 of 2 agents, "
    assert ended.out.splitlines()[-1].startswith(facts)


def test_filters_keys_groups_and_facets_are_those_of_sphinxql(
    hamirror: CommandLine, client: library.Client, cluster: Cluster
) -> None:
    ended = hamirror(
        *("search", cluster.config_path, cluster.index, "library", "--select", "id, size"),
        *("--where", "size > 1000", "--where", "small = 1", "--order", "size DESC"),
        *("--offset", 1, "--limit", 3, "--option", "ranker=none", "--facet", "section"),
        "--json",
    )
    assert ended.code == 0
    rows, facet = (json.loads(line) for line in ended.out.splitlines())
    statement = (
        f"SELECT id, size FROM {cluster.index} WHERE MATCH('library') AND size > 1000 AND "
        "small = 1 ORDER BY size DESC LIMIT 1, 3 OPTION ranker=none FACET section"
    )
    expected = client.execute(statement)
    assert [tuple(row.values()) for row in rows["rows"]] == list(expected[0])
    assert [tuple(row.values()) for row in facet["rows"]] == list(expected[1])
    assert len(expected[0]) == 3
    assert len(expected[1]) > 3
    ended = hamirror(
        *("search", cluster.config_path, cluster.index, "--select", "section, count(*) AS n"),
        *("--group", "section", "--order", "n DESC", "--limit", 2, "--csv"),
    )
    (counts,) = client.execute(
        f"SELECT section, count(*) AS n FROM {cluster.index} GROUP BY section ORDER BY n DESC "
        "LIMIT 2"
    )
    assert list(csv.reader(io.StringIO(ended.out))) == [
        ["section", "n"],
        *([section, str(count)] for section, count in counts),
    ]


def test_plain_words_have_no_operators(hamirror: CommandLine, cluster: Cluster) -> None:
    search = ("search", cluster.config_path, cluster.index)
    refused = hamirror(*search, '"library')
    assert (refused.code, refused.out) == (1, "")
    assert "syntax error" in refused.err
    # A word with a dash in front would be taken for an option.
    assert hamirror(*search, "--plain", "--", '-"library').code == 0
    assert hamirror(*search, "--", "library", "-nosuch").out.count("\n") == 23


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("search", "nosuch", "x"), "no distributed index 'nosuch'"),
        (("search", "{index}", "x", "--where", "size >"), "is expected"),
        (("sql", "SELECT id FROM {index} WHERE a = 1 OR b = 2"), "^"),
        (("sql", "SELECT id FROM nosuch"), "nosuch"),
    ],
)
def test_what_is_refused_is_told_with_its_place(
    hamirror: CommandLine, cluster: Cluster, arguments: tuple[str, ...], text: str
) -> None:
    command, *rest = (one.format(index=cluster.index) for one in arguments)
    ended = hamirror(command, cluster.config_path, *rest)
    assert (ended.code, ended.out) == (1, "")
    assert text in ended.err


def test_a_command_line_that_is_none_has_a_code_of_its_own(
    hamirror: CommandLine, cluster: Cluster
) -> None:
    for arguments in (
        ("search",),
        ("search", cluster.config_path, cluster.index, "--limit", "many"),
        ("search", cluster.config_path, cluster.index, "--completeness", "101"),
        ("nosuch",),
        ("sql", "-"),
    ):
        ended = hamirror(*arguments)
        assert (ended.code, ended.out) == (2, "")
        assert "Error: " in ended.err


def test_statements_are_answered_in_each_format(
    hamirror: CommandLine, client: library.Client, cluster: Cluster
) -> None:
    statement = f"SELECT id, name, tags, facts, ratio FROM {cluster.index} LIMIT 2; SHOW TABLES"
    rows, tables = client.execute(statement)
    assert len(tables) == 1
    names = [column.name for column in rows.columns]

    ended = hamirror("sql", cluster.config_path, statement, "--json")
    first, second = (json.loads(line) for line in ended.out.splitlines())
    assert [tuple(row.values()) for row in first["rows"]] == list(rows)
    assert (first["agents"], first["agents_answered"], first["total"]) == (2, 2, rows.total)
    assert second["rows"] == [{"Index": cluster.index, "Type": "distributed"}]

    ended = hamirror("sql", cluster.config_path, statement, "--csv")
    one, other = (list(csv.reader(io.StringIO(part))) for part in ended.out.split("\n\n"))
    assert one[0] == names
    assert [(int(row[0]), row[1], row[3], float(row[4])) for row in one[1:]] == [
        (row[0], row[1], row[3], row[4]) for row in rows
    ]
    assert other[1] == [cluster.index, "distributed"]

    ended = hamirror("sql", cluster.config_path, statement, "--vertical")
    lines = ended.out.splitlines()
    assert lines[0] == "*** row 1 ***"
    assert [line.split(":", 1)[0].strip() for line in lines[1:6]] == names
    assert lines[1] == f"   id: {rows[0][0]}"


def test_statements_are_read_from_a_pipe(cluster: Cluster) -> None:
    text = f"SELECT id FROM {cluster.index} WHERE id = 7;"
    ended = alone("sql", cluster.config_path, "--csv", text=text)
    assert (ended.code, ended.out, ended.err) == (0, "id\n7\n", "")
    # Neither colour nor lines that end where a terminal would.
    wide = alone("sql", cluster.config_path, text=f"SELECT * FROM {cluster.index} LIMIT 3")
    assert max(map(len, wide.out.splitlines())) > 200
    assert "\x1b" not in wide.out
    forced = {"NO_COLOR": "1", "TERM": "xterm", "COLORTERM": "truecolor"}
    assert "\x1b" not in alone("status", cluster.config_path, environment=forced).out


def test_what_is_no_utf_8_is_told_with_its_place(cluster: Cluster) -> None:
    none, (conf, index) = b"\xff", (cluster.config_path, cluster.index)
    said = "hamirror: byte 0xff is no UTF-8: letter {} of a text that has to be\n"
    cases: tuple[tuple[tuple[str | bytes | Path, ...], bytes | None, int], ...] = (
        (("sql", conf), b"SHOW " + none, 6),
        (("check", "-"), b"# " + none, 3),
        (("sql", conf, none), None, 1),
        (("search", conf, index, "--plain", none), None, 1),
        (("search", conf, index, "--where", none), None, len(f"{index}{PARTS}") + 1),
    )
    for arguments, given, letter in cases:
        parts = (sys.executable, "-m", "hamirror", *arguments)
        command = [os.fsencode(one) for one in parts]
        ended = subprocess.run(command, input=given, capture_output=True, check=False)
        assert (ended.returncode, ended.stdout) == (1, b"")
        assert ended.stderr.decode() == said.format(letter)


def test_who_reads_no_further_ends_the_command_quietly(cluster: Cluster) -> None:
    command = [sys.executable, "-m", "hamirror", "search", str(cluster.config_path), cluster.index]
    process = subprocess.Popen(
        [*command, "--limit", "1000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 141
    process.stderr.close()


def configuration(path: Path, *agents: str) -> Path:
    lines = "".join(f" agent = {agent}\n" for agent in agents)
    path.write_text(f"index d\n{{\n type = distributed\n{lines}}}\nsearchd\n{{\n}}\n")
    return path


@pytest.mark.parametrize("command", [("search", "d"), ("sql", "SELECT id FROM d")])
def test_missing_agents_are_told_on_stderr_and_by_the_code(
    hamirror: CommandLine, cluster: Cluster, tmp_path: Path, command: tuple[str, str]
) -> None:
    name, argument = command
    served, refused = f"{cluster.shards[0][0]}:packages0", f"{refused_address()}:packages1"
    path = configuration(tmp_path / "half.conf", served, refused)
    ended = hamirror(name, path, argument, "--csv")
    assert ended.code == 3
    assert len(ended.out.splitlines()) == 21
    first, second = ended.err.splitlines()
    assert first == "hamirror: partial: 1 of 2 agents answered in full"
    assert second.startswith("hamirror: warning: ")
    assert "Connection refused" in second

    ended = hamirror(name, path, argument, "--completeness", "all")
    assert (ended.code, ended.out) == (3, "")
    assert "1 of 2 agents answered" in ended.err

    path = configuration(tmp_path / "none.conf", refused)
    ended = hamirror(name, path, argument)
    assert (ended.code, ended.out) == (4, "")
    assert "Connection refused" in ended.err


def test_a_deadline_ends_a_search(hamirror: CommandLine, tmp_path: Path) -> None:
    with Player(None) as player:
        path = configuration(tmp_path / "silent.conf", f"{player.address}:any")
        ended = hamirror("search", path, "d", "--deadline", 0.2)
    assert (ended.code, ended.out) == (4, "")


def test_csv_is_read_back_as_it_was(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    rows: list[list[Any]] = [
        ["a\rb", 0.1 + 0.2],
        ["a\r\nb", [0.1 + 0.2, 1 / 3]],
        ['a\n"b', [1, 2]],
        ["", None],
    ]
    output.print_csv(["x\ry", "n"], rows)
    out = capsysbinary.readouterr().out.decode()
    lines = out.split("\n")
    assert lines[0] == '"x\ry",n'
    assert list(csv.reader(io.StringIO(out, newline=""))) == [
        ["x\ry", "n"],
        ["a\rb", "0.30000000000000004"],
        ["a\r\nb", "0.30000000000000004,0.3333333333333333"],
        ['a\n"b', "1,2"],
        ["", ""],
    ]


def test_what_agents_send_is_no_order_to_the_terminal(
    hamirror: CommandLine, tmp_path: Path
) -> None:
    evil = "\x1b]0;x\x07\n\u202e"
    error = evil.encode()
    refused = struct.pack(">II", 1, len(error)) + error
    with Player(reply(refused, version=0x11E)) as player:
        path = configuration(tmp_path / "evil.conf", f"{player.address}:any")
        ended = hamirror("search", path, "d")
    assert ended.code == 1
    assert not set("\x1b\x07\u202e") & set(ended.err)
    # The same number of letters as the text that it stands for: one is a string of the reply.
    packed = ALL_ATTRIBUTES.replace(b"alpha", b"\x1b[2J\xff")
    assert packed != ALL_ATTRIBUTES
    with Player(packed) as player:
        path = configuration(tmp_path / "evil.conf", f"{player.address}:any")
        for layout in ((), ("--vertical",)):
            ended = hamirror("search", path, "d", "hello", "--select", "*", *layout)
            assert ended.code == 0
            assert "\\x1b[2J\\udcff" in ended.out
            assert "\x1b" not in ended.out
        told = json.loads(hamirror("sql", path, "SELECT * FROM d", "--json").out)
    assert "\x1b[2J\udcff" in [value for row in told["rows"] for value in row.values()]
