"""Arguments and options that several commands take."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

import hamirror

if TYPE_CHECKING:
    from collections.abc import Callable

# One Literal would be no union at run time, which stubtest takes for a difference.
Reading = Literal["strict"] | Literal["sphinx"] | Literal["manticore"]

Completeness = Literal["best_effort", "all"] | int

_Command = TypeVar("_Command", bound="Callable[..., Any]")


def configuration(command: _Command) -> _Command:
    """Adds CONF and `--reading` to a command."""
    command = click.option(
        "--reading",
        type=click.Choice(["strict", "sphinx", "manticore"]),
        default="strict",
        show_default=True,
        help="By whose rules CONF is read.",
    )(command)
    return click.argument("conf", type=click.Path(allow_dash=True))(command)


def index(command: _Command) -> _Command:
    """Adds INDEX to a command; a shell completes it."""
    return click.argument("index", shell_complete=_indexes)(command)


def _indexes(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    conf, reading = context.params.get("conf"), context.params.get("reading")
    if conf is None or conf == "-":
        return []
    try:
        names = read(conf, reading or "strict").indexes
    except hamirror.Error:
        # Whoever runs the command is told.
        return []
    return [name for name in names if name.startswith(begun)]


def call(command: _Command) -> _Command:
    """Adds the options of a call to a command."""
    command = click.option(
        "--completeness",
        callback=_completeness,
        default="best_effort",
        show_default=True,
        help="Agents that must answer: best_effort (one), all, or 1 to 100 percent.",
    )(command)
    return click.option(
        "--deadline",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="Time for all of it, attempts on other mirrors included.",
    )(command)


def _completeness(context: click.Context, parameter: click.Parameter, value: str) -> Completeness:
    if value == "best_effort":
        return "best_effort"
    if value == "all":
        return "all"
    percent: click.ParamType[Any] = click.IntRange(1, 100)
    return int(percent.convert(value, parameter, context))


def standard_input() -> str:
    """Returns all of the standard input; bytes that are no UTF-8 are kept."""
    return sys.stdin.buffer.read().decode("utf-8", "surrogateescape")


def read(conf: str, reading: Reading) -> hamirror.Config:
    """Reads the configuration that a command was given."""
    if conf == "-":
        return hamirror.Config.parse(standard_input(), name="<stdin>", reading=reading)
    return hamirror.Config.read(conf, reading=reading)


def connect(conf: str, reading: Reading, *, background: bool = True) -> hamirror.Client:
    """Makes a client of the configuration; says if there is something odd in it."""
    config = read(conf, reading)
    if count := len(config.warnings):
        oddities = "1 warning" if count == 1 else f"{count} warnings"
        click.echo(f"hamirror: {conf}: {oddities}, which hamirror check shows", err=True)
    return hamirror.Client(config, background=background)
