"""Tables, JSON, CSV and lines of columns; in a pipe without colour and without a width."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import sys
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

# One Literal would be no union at run time, which stubtest takes for a difference.
Layout = Literal["table"] | Literal["json"] | Literal["csv"] | Literal["vertical"]

_Command = TypeVar("_Command", bound="Callable[..., Any]")

# A terminal obeys these; half a surrogate is a byte that is no UTF-8.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

# In the output of json.dumps they stand within strings alone.
_UNPRINTABLE_JSON = re.compile(r"[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

# A pipe has no width: no cell is cut for want of it.
_PIPE_WIDTH = 100_000


def formats(command: _Command) -> _Command:
    """Adds `--json`, `--csv` and `--vertical` to a command, as its `layout`."""
    for name, help_text in (
        ("vertical", "A line for each column of a row."),
        ("csv", "Comma-separated values with a line of names."),
        ("json", "One JSON object for each answer, on a line of its own."),
    ):
        command = click.option(f"--{name}", "layout", flag_value=name, help=help_text)(command)
    return command


def console(*, stderr: bool = False) -> Console:
    """A console of the output, without colour or width unless that is a terminal."""
    made = Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=False)
    # Rich takes a pipe for a terminal if it is told to colour it.
    if not (sys.stderr if stderr else sys.stdout).isatty():
        made.width = _PIPE_WIDTH
    return made


def plain_table(*columns: str, numbers: Iterable[str] = ()) -> Table:
    """An empty table whose `numbers` columns are set to the right."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    right = set(numbers)
    for name in columns:
        table.add_column(Text(printable(name)), justify="right" if name in right else "left")
    return table


def print_table(table: Table) -> None:
    """Prints a table without blanks at the ends of lines."""
    out = console()
    with out.capture() as capture:
        out.print(table)
    click.echo("\n".join(line.rstrip() for line in capture.get().splitlines()), color=True)


def printable(text: str) -> str:
    """Returns the text with everything that is no printable letter as an escape."""

    def escaped(letter: re.Match[str]) -> str:
        return letter[0].encode("unicode_escape", "surrogatepass").decode()

    return _UNPRINTABLE.sub(escaped, text)


def shown(value: Any) -> str:
    """Returns a value as a cell of a table has it."""
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return ",".join(shown(one) for one in value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float):
        return f"{value:.6g}"
    return printable(str(value))


def print_rows(
    names: Sequence[str], rows: Iterable[Sequence[Any]], numbers: Iterable[str] = ()
) -> None:
    """Prints rows as a table."""
    table = plain_table(*names, numbers=numbers)
    for row in rows:
        table.add_row(*(Text(shown(value)) for value in row))
    print_table(table)


def print_vertical(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Prints a line for each column of each row."""
    names = [printable(name) for name in names]
    width = max((len(name) for name in names), default=0)
    for number, row in enumerate(rows, 1):
        click.echo(f"*** row {number} ***")
        for name, value in zip(names, row, strict=True):
            click.echo(f"{name:>{width}}: {shown(value)}")


def print_csv(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Prints comma-separated values; bytes of a text that is no UTF-8 are kept in a pipe."""
    cell = _shown_to_terminal if sys.stdout.isatty() else _raw
    lines = [_csv_line([cell(value) for value in row]) for row in (names, *rows)]
    click.echo("".join(lines).encode("utf-8", "surrogateescape"), nl=False)


def _csv_line(cells: list[str]) -> str:
    text = io.StringIO()
    # Letters of the end of a line are quoted: either of them ends one for some reader.
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().removesuffix("\r\n") + "\n"


def _raw(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list):
        return ",".join(map(_raw, value))
    return "" if value is None else shown(value)


def _shown_to_terminal(value: Any) -> str:
    return printable(_raw(value))


def print_json(value: Any) -> None:
    """Prints a value as JSON on one line."""
    text = json.dumps(_as_json(value), ensure_ascii=False, allow_nan=False)
    click.echo(_UNPRINTABLE_JSON.sub(lambda letter: f"\\u{ord(letter[0]):04x}", text))


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_json(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_json(one) for one in value]
    if isinstance(value, bytes):
        return value.hex()
    # JSON has no word for them.
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
