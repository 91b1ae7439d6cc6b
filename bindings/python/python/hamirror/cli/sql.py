"""`hamirror sql`: statements of SphinxQL, from the command line, a pipe or a prompt."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from . import options, output
from .answers import print_answers

if TYPE_CHECKING:
    from .exits import Exit


@click.command(short_help="Runs SphinxQL, or prompts for it.")
@options.configuration
@click.argument("statement", required=False)
@output.formats
@options.call
def sql(
    conf: str,
    reading: options.Reading,
    statement: str | None,
    layout: output.Layout | None,
    deadline: float | None,
    completeness: options.Completeness,
) -> Exit:
    """Runs a STATEMENT of SphinxQL, or several between semicolons.

    Without one they are read from standard input; a terminal gets a prompt, with history and
    completion.

    Exit codes: 0 all agents answered; 1 a statement is refused; 3 some agents did not answer,
    which is told on standard error; 4 none did.
    """
    if conf == "-" and statement is None:
        raise click.UsageError("standard input can't be both CONF and STATEMENT")
    limits = {"deadline": deadline, "completeness": completeness}
    with options.connect(conf, reading) as client:
        if statement is None and sys.stdin.isatty():
            from .prompt import Prompt

            return Prompt(client, layout, limits).run()
        if statement is None:
            statement = options.standard_input()
        begun = time.monotonic()
        answers = client.execute(statement, deadline=deadline, completeness=completeness)
        return print_answers(answers, layout, time.monotonic() - begun)
