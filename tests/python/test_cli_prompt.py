"""The prompt of `hamirror sql`, at a terminal that the test plays."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

import hamirror
from daemons import refused_address
from hamirror.cli.exits import Exit
from hamirror.cli.prompt import Names, Prompt, is_finished
from terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from daemons import Cluster


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the history, in the place of the user's."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def typed(client: hamirror.Client, keys: str) -> Exit:
    with create_pipe_input() as terminal:
        terminal.send_text(keys)
        return Prompt(client, None, {}, terminal=terminal, screen=DummyOutput()).run()


def test_statements_are_run_until_the_end(
    client: hamirror.Client, cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    # A statement goes on over lines until its semicolon; each sees the one before.
    keys = f"SELECT id FROM {cluster.index}\rWHERE id = 7;\rSHOW META LIKE 'total_found'\\G\r\x04"
    assert typed(client, keys) is Exit.DONE
    out = capsys.readouterr().out
    assert "id\n──\n 7\n1 row, 1 found, 2 of 2 agents, " in out
    assert "Variable_name: total_found\n        Value: 1\n" in out


def test_a_fault_is_told_and_the_prompt_goes_on(
    client: hamirror.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(client, "SELECT FROM;\rSHOW TABLES;\rexit\r") is Exit.DONE
    out, err = capsys.readouterr()
    assert "distributed" in out
    assert err.startswith("hamirror: statement:1:8: ")
    assert typed(client, "SHOW TABLES;\rSELECT FROM;\r\x04") is Exit.REFUSED
    assert typed(client, "help\r;\r\x04") is Exit.DONE
    assert "Ctrl-D" in capsys.readouterr().out


def test_what_is_no_utf_8_is_told_and_the_prompt_goes_on(
    client: hamirror.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    with create_pipe_input() as terminal:
        terminal.send_bytes(b"SHOW '\xff';\rSHOW TABLES;\r\x04")
        prompt = Prompt(client, None, {}, terminal=terminal, screen=DummyOutput())
        assert prompt.run() is Exit.DONE
    out, err = capsys.readouterr()
    assert "distributed" in out
    assert err == "hamirror: byte 0xff is no UTF-8: letter 7 of a text that has to be\n"


def test_ctrl_c_drops_a_line_and_the_prompt_goes_on(
    client: hamirror.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(client, "SELECT nonsense\x03SHOW TABLES;\rquit;\r") is Exit.DONE
    assert "distributed" in capsys.readouterr().out


def test_the_history_is_kept_and_is_the_users_alone(
    client: hamirror.Client, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(client, "SHOW TABLES;\r\x04")
    path = state / "hamirror" / "history"
    assert "SHOW TABLES;" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    # One that was there before is no exception.
    path.chmod(0o644)
    typed(client, "\x04")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    capsys.readouterr()
    # The key for the line before.
    typed(client, "\x1b[A\r\x04")
    assert "distributed" in capsys.readouterr().out


def test_without_a_place_for_the_history_the_prompt_works(
    client: hamirror.Client, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state.write_text("a file where a folder is to be")
    assert typed(client, "SHOW TABLES;\r\x04") is Exit.DONE
    out, err = capsys.readouterr()
    assert "distributed" in out
    assert err.endswith("history is not kept\n")


def completions(client: hamirror.Client, text: str) -> list[str]:
    document = Document(text)
    return [one.text for one in Names(client).get_completions(document, CompleteEvent())]


def test_indexes_columns_and_keywords_are_completed(
    client: hamirror.Client, cluster: Cluster
) -> None:
    assert completions(client, "SELECT id FROM pac") == [cluster.index]
    assert completions(client, f"SELECT id FROM {cluster.index} WHERE s") == [
        "small", "size", "section", "SELECT", "SHOW", "STATUS", "SET", "SNIPPETS",
    ]  # fmt: skip
    assert completions(client, "SELECT inst") == ["installed_size"]
    assert completions(client, "desc") == ["DESC", "DESCRIBE"]
    assert "id" in completions(client, "SELECT ")


def test_agents_that_are_gone_leave_the_other_completions() -> None:
    config = hamirror.Config.build({"gone": {"agent": f"{refused_address()}:x"}})
    with hamirror.Client(config, background=False) as client:
        assert completions(client, "SELECT id FROM go") == ["gone"]


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("", True),
        ("SELECT 1", False),
        ("SELECT 1;", True),
        ("SELECT 1 ; ", True),
        ("SELECT 1\\G", True),
        ("exit", True),
        ("exit now", False),
    ],
)
def test_enter_ends_a_statement_with_its_mark_alone(text: str, ends: bool) -> None:
    assert is_finished(text) is ends


def test_the_command_has_the_prompt_at_a_terminal(cluster: Cluster, state: Path) -> None:
    with Terminal("sql", cluster.config_path) as terminal:
        terminal.wait_for("hamirror>")
        terminal.press("SHOW TABLES;\r")
        # The terminal takes a key in the program's way once the prompt is there again.
        shown = f"{cluster.index}   distributed"
        terminal.wait_for(lambda screen: shown in screen and screen.endswith("hamirror>"))
        terminal.press("\x04")
        assert terminal.wait() == 0
    assert (state / "hamirror" / "history").exists()
