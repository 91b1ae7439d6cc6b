"""What searches and statements answer, in each layout, and their exit codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from . import output
from .exits import Exit

if TYPE_CHECKING:
    from collections.abc import Sequence

    import hamirror

_NUMBERS = ("uint", "bigint", "uint64", "float", "double", "token_count", "timestamp")


def print_answers(
    answers: Sequence[hamirror.Answer], layout: output.Layout | None, took_s: float
) -> Exit:
    """Prints each answer; what they lack goes to stderr."""
    code = Exit.DONE
    for number, answer in enumerate(answers):
        if number and layout != "json":
            click.echo()
        _print(answer, layout)
        if layout in (None, "table", "vertical"):
            click.echo(_facts(answer, took_s if number == 0 else None))
        code = max(code, _tell(answer))
    return code


def _print(answer: hamirror.Answer, layout: output.Layout | None) -> None:
    names = [column.name for column in answer.columns]
    if layout == "json":
        output.print_json(_described(answer))
    elif layout == "csv":
        output.print_csv(names, answer)
    elif layout == "vertical":
        output.print_vertical(names, answer)
    elif names:
        numbers = [column.name for column in answer.columns if column.kind in _NUMBERS]
        output.print_rows(names, answer, numbers)


def _facts(answer: hamirror.Answer, took_s: float | None) -> str:
    rows = "1 row" if len(answer) == 1 else f"{len(answer)} rows"
    facts = [rows] if answer.columns else []
    if answer.total_found is not None:
        facts.append(f"{answer.total_found} {'found' if answer.columns else 'changed'}")
    if answer.agents:
        facts.append(f"{answer.agents_answered} of {answer.agents} agents")
    if took_s is not None:
        facts.append(f"{took_s * 1e3:.1f} ms")
    return ", ".join(facts)


def _tell(answer: hamirror.Answer) -> Exit:
    is_partial = answer.agents_answered < answer.agents or bool(answer.failures)
    if is_partial:
        missing = f"partial: {answer.agents_answered} of {answer.agents} agents answered in full"
        click.echo(f"hamirror: {missing}", err=True)
    if answer.warning:
        for line in answer.warning.splitlines():
            click.echo(f"hamirror: warning: {output.printable(line)}", err=True)
    return Exit.PARTIAL if is_partial else Exit.DONE


def _described(answer: hamirror.Answer) -> dict[str, Any]:
    names = [column.name for column in answer.columns]
    return {
        "columns": [{"name": one.name, "kind": one.kind} for one in answer.columns],
        # Two columns may have one name.
        "rows": [list(row) for row in answer]
        if len(set(names)) < len(names)
        else [dict(zip(names, row, strict=True)) for row in answer],
        "total": answer.total,
        "total_found": answer.total_found,
        "warning": answer.warning,
        "agents": answer.agents,
        "agents_answered": answer.agents_answered,
        "failures": [str(failure) for failure in answer.failures],
    }
