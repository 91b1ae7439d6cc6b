"""The page of the command shows what it prints; `HAMIRROR_REWRITE=1` writes it anew."""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING

import pytest

from daemons import REPOSITORY, refused_address
from terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from command_line import CommandLine
    from daemons import Cluster

PAGE = REPOSITORY / "bindings/python/cli.md"
BLOCK = re.compile(r"```console\n\$ hamirror (.*)\n((?:.*\n)*?)```\n")
FAULTY = """\
index goods
{
    type = distributed
    agent = box1:0:shard1
    agent = box2:9312|box3:9312
}
"""


@pytest.fixture
def files(cluster: Cluster, tmp_path: Path) -> dict[str, str]:
    """Configurations that the page names, in a folder; returns ports as the page has them."""
    text = cluster.config_path.read_text()
    first, second = cluster.shards
    refused = [refused_address() for _ in range(3)]
    (tmp_path / "faulty.conf").write_text(FAULTY)
    (tmp_path / "sphinx.conf").write_text(text)
    (tmp_path / "one-refuses.conf").write_text(text.replace(first[0], refused[0]))
    (tmp_path / "queries.txt").write_text("library\neditor\nshell tool\n")
    half = text.replace(second[0], refused[1]).replace(second[1], refused[2])
    (tmp_path / "half-refuses.conf").write_text(half)
    # As long as they are: columns of tables keep their width.
    addresses = [*first, *second, *refused]
    return {
        address.rpartition(":")[2]: str(19312 + number) for number, address in enumerate(addresses)
    }


def masked(text: str) -> str:
    """The text without numbers and bars, and without the width of columns that follows."""
    # A histogram has lines by chance.
    text = re.sub(r"(?m)(^ *[\d.]+ - [\d.]+ ms .*\n)+", "1 - 2 ms\n", text)
    text = re.sub("[▁▂▃▄▅▆▇█✗][▁▂▃▄▅▆▇█✗ ]*", "# ", text)
    return re.sub(r"[ ─]+", " ", re.sub(r"\d+(\.\d+)?", "#", text))


def live(command: list[str]) -> str:
    """The screen of a command that ends by a key, after some looks."""
    # So wide that nothing is cut.
    with Terminal(*command, "--interval", 0.1, columns=230) as terminal:
        terminal.wait_for("trial due")
        # The last line is written last: the lines above it are whole, and stay.
        terminal.press(" ")
        screen = terminal.wait_for("held; ")
        terminal.press("q")
        terminal.wait()
    return re.sub("─{100,}", "─" * 200, screen) + "\n"


def test_the_page_shows_what_the_command_prints(
    hamirror: CommandLine,
    files: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    page = PAGE.read_text()
    blocks = list(BLOCK.finditer(page))
    assert len(blocks) >= 9
    for block in blocks:
        command = shlex.split(block[1])
        if command[0] == "top":
            printed = live(command)
        else:
            ended = hamirror(*command)
            printed = ended.out + ended.err
        for port, shown in files.items():
            printed = printed.replace(port, shown)
        if os.environ.get("HAMIRROR_REWRITE"):
            page = page.replace(block[0], f"```console\n$ hamirror {block[1]}\n{printed}```\n")
        else:
            assert masked(printed) == masked(block[2])
    if os.environ.get("HAMIRROR_REWRITE"):
        PAGE.write_text(page)
