"""The group of commands, and what all of them do with errors."""

from __future__ import annotations

import io
import logging
import os
import sys
from typing import TYPE_CHECKING

import click

import hamirror

from . import output
from .bench import bench
from .check import check
from .completion import VARIABLE, completion
from .exits import Exit, Log, exit_of, tell, tell_no_text
from .search import search
from .serve import serve
from .sql import sql
from .status import status
from .top import top

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    short_help="Searches and watches mirrored agents.",
    epilog="Exit codes: 0 done, 1 refused, 2 usage, 3 partial, 4 unanswered.",
)
@click.version_option(hamirror.__version__, prog_name="hamirror")
@click.pass_context
def commands(context: click.Context) -> None:
    """Searches, checks and watches a cluster of mirrored searchd agents.

    CONF is a sphinx.conf or manticore.conf, or - for one on standard input.
    """
    # What they show is what would be logged.
    is_shown = context.invoked_subcommand in ("status", "top")
    handler = logging.NullHandler() if is_shown else Log()
    logger = logging.getLogger("hamirror")
    logger.addHandler(handler)
    context.call_on_close(lambda: logger.removeHandler(handler))


for _command in (check, search, sql, status, top, serve, bench, completion):
    commands.add_command(_command)


def run(arguments: Sequence[str]) -> int:
    """Runs the command with these arguments and returns its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What an agent sent may be no text, or none of the terminal's.
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _main(list(arguments))
        sys.stdout.flush()
        return code
    except hamirror.Error as error:
        tell(error)
        return exit_of(error)
    except UnicodeEncodeError as error:
        tell_no_text(error)
        return Exit.REFUSED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return Exit.INTERRUPTED
    except BrokenPipeError:
        _end_output()
        return Exit.BROKEN_PIPE
    except OSError as error:
        place = "" if error.filename is None else f"{error.filename}: "
        text = output.printable(f"hamirror: {place}{error.strerror or error}")
        click.echo(text, err=True)
        _end_output()
        return Exit.REFUSED


def _end_output() -> None:
    """Flushes what can be written; the interpreter says at its end if it has a rest, and fails."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _main(arguments: list[str]) -> int:
    """What click does, but that exit codes and a broken pipe are this module's."""
    if VARIABLE in os.environ:
        commands.main(arguments, prog_name="hamirror", complete_var=VARIABLE)
    try:
        with commands.make_context("hamirror", arguments) as context:
            return int(commands.invoke(context) or 0)
    except click.exceptions.Exit as ended:
        return ended.exit_code
