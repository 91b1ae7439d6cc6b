"""What a shell has of the command: completion, manual pages, colours."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import hamirror as library
from command_line import alone
from daemons import REPOSITORY
from hamirror.cli.run import commands
from terminal import Terminal

if TYPE_CHECKING:
    from command_line import CommandLine
    from daemons import Cluster

PAGES = REPOSITORY / "bindings/python/files/data/share/man/man1"
COLOUR = re.compile(rb"\x1b\[(?:\d+;)*3\d")


def completions(words: str) -> list[str]:
    environment = {
        "_HAMIRROR_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    ended = alone(environment=environment)
    assert ended.err == ""
    return [line.partition(",")[2] for line in ended.out.splitlines() if line]


def test_a_shell_completes_commands_options_and_indexes(cluster: Cluster) -> None:
    assert completions("hamirror s") == ["search", "serve", "sql", "status"]
    assert "--connect" in completions("hamirror check x.conf --c")
    assert completions(f"hamirror search {cluster.config_path} pa") == [cluster.index]
    assert completions(f"hamirror bench {cluster.config_path} pa") == [cluster.index]
    assert completions("hamirror search no.conf pa") == []
    assert completions("hamirror status x.conf --reading s") == ["strict", "sphinx"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_script(hamirror: CommandLine, shell: str) -> None:
    ended = hamirror("completion", shell)
    assert ended.code == 0
    assert f"_HAMIRROR_COMPLETE={shell}_complete" in ended.out
    assert hamirror("completion", "cmd").code == 2


def test_bash_takes_the_script(hamirror: CommandLine) -> None:
    script = hamirror("completion", "bash").out
    check = f"{script}\ncomplete -p hamirror"
    taken = subprocess.run(["bash", "-c", check], capture_output=True, text=True, check=True)
    assert taken.stdout.startswith("complete ")
    assert taken.stdout.endswith(" hamirror\n")


def test_manual_pages_are_made_of_the_commands_themselves(tmp_path: Path) -> None:
    click_man: Any = import_module("click_man.core")
    rewrites = bool(os.environ.get("HAMIRROR_REWRITE"))
    folder = PAGES if rewrites else tmp_path
    # They change with the version alone.
    click_man.write_man_pages(
        "hamirror", commands, version=library.__version__, target_dir=str(folder), date=" "
    )
    made = {path.name: path.read_text() for path in folder.iterdir()}
    assert made == {path.name: path.read_text() for path in PAGES.iterdir()}
    assert set(made) == {"hamirror.1", *(f"hamirror-{name}.1" for name in commands.commands)}
    # A line of the manual has room for what it says of a command.
    assert "...\n" not in made["hamirror.1"].partition(".SH COMMANDS")[2]


def test_pages_and_command_are_installed() -> None:
    installed = Path(sys.prefix) / "share/man/man1"
    assert {path.name for path in PAGES.iterdir()} <= {path.name for path in installed.iterdir()}
    command = Path(sys.executable).with_name("hamirror")
    ended = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert ended.stdout == f"hamirror, version {library.__version__}\n"


def test_a_terminal_has_colours_unless_they_are_unwanted(cluster: Cluster) -> None:
    with Terminal("status", cluster.config_path) as terminal:
        assert terminal.wait() == 0
        assert COLOUR.search(terminal.printed)
    with Terminal("status", cluster.config_path, environment={"NO_COLOR": "1"}) as terminal:
        assert terminal.wait() == 0
        assert "living since" in terminal.screen()
        assert not COLOUR.search(terminal.printed)


def test_every_option_has_a_word_of_help(hamirror: CommandLine) -> None:
    for name, command in commands.commands.items():
        ended = hamirror(name, "--help")
        assert ended.code == 0
        assert "Exit codes: " in ended.out or name == "completion"
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert getattr(parameter, "help", None), f"{name} {parameter.name}"
