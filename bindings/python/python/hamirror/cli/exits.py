"""Exit codes, and what of each error is told."""

from __future__ import annotations

import logging
from contextlib import suppress
from enum import IntEnum

import click

import hamirror

from . import output


class Exit(IntEnum):
    """Exit code of a command."""

    DONE = 0
    """All of it was done."""
    REFUSED = 1
    """The configuration, the statement or the query is at fault."""
    USAGE = 2
    """The command line was not understood."""
    PARTIAL = 3
    """Some agents did not answer in full, or mirrors of one agent differ."""
    UNANSWERED = 4
    """No agent answered, or some agent has no living mirror."""
    BROKEN_PIPE = 141
    """Whoever read the output has gone, as `head` does."""
    INTERRUPTED = 130
    """Ctrl-C ended it."""


def exit_of(error: hamirror.Error) -> Exit:
    """Returns the exit code of an error."""
    if isinstance(error, hamirror.QueryError):
        return Exit.REFUSED
    if isinstance(error, hamirror.AgentsError):
        return Exit.PARTIAL if error.answered > 0 else Exit.UNANSWERED
    return Exit.REFUSED


def tell(error: hamirror.Error) -> None:
    """Prints an error on stderr; it may have texts of agents in it."""
    for line in f"hamirror: {error}".split("\n"):
        click.echo(output.printable(line), err=True)


def tell_no_text(error: UnicodeEncodeError) -> None:
    """Prints where a text that is to be UTF-8 has a byte, or half a surrogate, that is none."""
    code = ord(error.object[error.start])
    # What Python reads such a byte as.
    what = f"byte 0x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"U+{code:04X}"
    place = f"letter {error.start + 1} of a text"
    click.echo(f"hamirror: {what} is no UTF-8: {place} that has to be", err=True)


class Log(logging.Handler):
    """Prints what the library logs on stderr; it may have texts of agents in it."""

    def __init__(self) -> None:
        """Takes what Python prints without any handler."""
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        """Prints a line; whoever has closed stderr does not want it."""
        with suppress(OSError):
            click.echo(f"hamirror: {output.printable(record.getMessage())}", err=True)


def worst(exits: list[Exit]) -> Exit:
    """Returns the highest of these codes; `DONE` without any."""
    return max(exits, default=Exit.DONE)
