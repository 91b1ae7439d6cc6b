"""The prompt of `hamirror sql`: history, completion, one statement after the other."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from prompt_toolkit import PromptSession
from prompt_toolkit.completion import Completer, Completion, ThreadedCompleter
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import FileHistory, History, InMemoryHistory

import hamirror

from .answers import print_answers
from .exits import Exit, exit_of, tell, tell_no_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prompt_toolkit.completion import CompleteEvent
    from prompt_toolkit.document import Document
    from prompt_toolkit.input import Input
    from prompt_toolkit.output import Output

    from .output import Layout

_KEYWORDS = """
SELECT FROM WHERE MATCH AND BETWEEN IN GROUP BY WITHIN ORDER ASC DESC HAVING LIMIT OPTION FACET
COUNT DISTINCT AS SHOW META STATUS AGENT WARNINGS TABLES LIKE DESCRIBE UPDATE SET DELETE INSERT
REPLACE INTO VALUES CALL SNIPPETS KEYWORDS
"""

_WORD = re.compile(r"[@\w.]+")

_BEGUN = re.compile(r"[@\w.]*\Z")

# Whoever waits for a completion waits no longer for the names of columns.
_COLUMNS_TIMEOUT_S = 2.0

HELP = """\
A statement ends with ; or with \\G, which prints a line for each column.
exit, quit or Ctrl-D ends the prompt, Ctrl-C a statement."""


class Prompt:
    """Reads statements and prints their answers until the end of input."""

    def __init__(
        self,
        client: hamirror.Client,
        layout: Layout | None,
        limits: dict[str, Any],
        *,
        terminal: Input | None = None,
        screen: Output | None = None,
    ) -> None:
        """Opens the history; nobody is asked yet."""
        self._layout = layout
        self._limits = limits
        self._session = client.session()
        self._prompt: PromptSession[str] = PromptSession(
            "hamirror> ",
            history=history(),
            completer=ThreadedCompleter(Names(client)),
            complete_while_typing=False,
            multiline=Condition(self._is_unfinished),
            prompt_continuation="       -> ",
            input=terminal,
            output=screen,
        )

    def run(self) -> Exit:
        """Runs statements until Ctrl-D, and returns the exit code of the last one."""
        click.echo(f"hamirror {hamirror.__version__}. Statements end with ; help tells more.")
        code = Exit.DONE
        while True:
            try:
                text = self._prompt.prompt().strip()
                if text.rstrip(";").lower() in ("exit", "quit"):
                    return code
                code = self._obey(text) if text.strip("; ") else code
            except KeyboardInterrupt:
                code = Exit.INTERRUPTED
            except UnicodeEncodeError as error:
                tell_no_text(error)
                code = Exit.REFUSED
            except EOFError:
                return code

    def _obey(self, text: str) -> Exit:
        if text.rstrip(";").lower() == "help":
            click.echo(HELP)
            return Exit.DONE
        layout = self._layout
        if text.endswith("\\G"):
            text, layout = text[:-2], "vertical"
        begun = time.monotonic()
        try:
            answers = self._session.execute(text, **self._limits)
        except hamirror.Error as error:
            tell(error)
            return exit_of(error)
        return print_answers(answers, layout, time.monotonic() - begun)

    def _is_unfinished(self) -> bool:
        return not is_finished(self._prompt.default_buffer.text)


def is_finished(text: str) -> bool:
    """Returns True if Enter ends the statement rather than the line."""
    text = text.strip()
    return not text or text.endswith((";", "\\G")) or text.lower() in ("exit", "quit", "help")


def history() -> History:
    """Returns the history of this user, which nobody else may read; in memory if it can't be."""
    folder = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    path = Path(folder).expanduser() / "hamirror" / "history"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        # It may have been there before.
        path.chmod(0o600)
    except OSError as error:
        click.echo(f"hamirror: {path}: {error.strerror}; history is not kept", err=True)
        return InMemoryHistory()
    return FileHistory(path)


class Names(Completer):
    """Completes words of SphinxQL, indexes, and columns of the indexes that the text names."""

    def __init__(self, client: hamirror.Client) -> None:
        """Asks nobody before a completion is wanted."""
        self._client = client
        self._columns: dict[str, tuple[str, ...]] = {}

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """Yields names that begin with the word before the cursor, whatever their case."""
        before = document.text_before_cursor
        begun = _BEGUN.search(before)
        word = begun[0] if begun else ""
        if not word and not before.endswith((" ", ",", "(")):
            return
        for name, meta in self._names(document.text):
            if name.lower().startswith(word.lower()) and name != word:
                yield Completion(name, start_position=-len(word), display_meta=meta)

    def _names(self, text: str) -> Iterable[tuple[str, str]]:
        indexes = self._client.indexes
        words = set(_WORD.findall(text))
        # A statement begins with its columns, before it can say of what.
        named = [index for index in indexes if index in words] or indexes[:1]
        for index in named:
            yield from ((column, f"column of {index}") for column in self._columns_of(index))
        yield from ((index, "index") for index in indexes)
        yield from ((keyword, "") for keyword in _KEYWORDS.split())

    def _columns_of(self, index: str) -> tuple[str, ...]:
        if index not in self._columns:
            try:
                result = self._client.search(
                    index, "", limit=1, max_matches=1, cutoff=1, deadline=_COLUMNS_TIMEOUT_S
                )
            except hamirror.Error:
                # Asked again at the next completion: agents may be back by then.
                return ()
            self._columns[index] = ("id", *(column.name for column in result.columns))
        return self._columns[index]
