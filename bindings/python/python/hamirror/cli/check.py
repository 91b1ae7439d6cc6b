"""`hamirror check`: faults of a configuration, and what its mirrors serve."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

import hamirror

from . import mirrors, options, output
from .exits import Exit, worst

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hamirror.types import Diagnostic

    from .mirrors import Mirror


@click.command(short_help="Faults of CONF, and what its mirrors serve.")
@options.configuration
@click.option("--connect", is_flag=True, help="Ask every mirror what it serves, and compare.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="Time for each mirror to be reached, and again to answer.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def check(
    conf: str, reading: options.Reading, connect: bool, timeout: float, as_json: bool
) -> Exit:
    """Shows every fault of CONF with its line.

    With --connect it asks all mirrors, and compares those of one agent: version of the daemon,
    number of documents, fields and attributes. Blackholes are left out.

    Exit codes: 0 nothing is wrong; 1 CONF is refused; 3 mirrors of one agent differ, or some are
    not there; 4 all mirrors of an agent are not there.
    """
    try:
        config = options.read(conf, reading)
    except hamirror.ConfigError as error:
        _report(conf, error.diagnostics, as_json)
        return Exit.REFUSED
    agents = mirrors.agents(config)
    if connect:
        mirrors.ask(agents, timeout)
    if as_json:
        output.print_json(_described(config.warnings, agents, connect))
    else:
        _print_diagnostics(config.warnings)
        count = sum(len(agent.mirrors) for agent in agents)
        click.echo(
            f"{conf}: {_count(len(config.indexes), 'distributed index')}, "
            f"{_count(len(agents), 'agent')}, {_count(count, 'mirror')}, "
            f"{_count(len(config.warnings), 'warning')}"
        )
        if connect:
            _print_mirrors(agents)
    return worst([_exit(agent) for agent in agents]) if connect else Exit.DONE


def _exit(agent: mirrors.Agent) -> Exit:
    if not any(mirror.is_there for mirror in agent.mirrors):
        return Exit.UNANSWERED
    return Exit.PARTIAL if agent.faults() else Exit.DONE


def _report(conf: str, diagnostics: tuple[Diagnostic, ...], as_json: bool) -> None:
    if as_json:
        output.print_json(_described(diagnostics, [], False))
        return
    _print_diagnostics(diagnostics)
    faults = sum(one.kind == "fault" for one in diagnostics)
    click.echo(
        f"{conf}: refused: {_count(faults, 'fault')}, "
        f"{_count(len(diagnostics) - faults, 'warning')}"
    )


def _print_diagnostics(diagnostics: Iterable[Diagnostic]) -> None:
    console = output.console()
    for one in diagnostics:
        style = "bold red" if one.kind == "fault" else "yellow"
        message, *excerpt = one.rendered.split("\n")
        line = Text.assemble((f"{one.kind}: ", style), output.printable(message))
        console.print(line, soft_wrap=True)
        for part in excerpt:
            console.print(Text(output.printable(part)), soft_wrap=True)


def _print_mirrors(agents: list[mirrors.Agent]) -> None:
    columns = ("agent", "mirror", "addresses", "ping ms", "version", "documents", "columns")
    table = output.plain_table(*columns, numbers=columns[3:4] + columns[5:])
    for agent in agents:
        for mirror in agent.mirrors:
            table.add_row(*(Text(cell) for cell in _cells(agent, mirror)))
    output.print_table(table)
    for agent in agents:
        for fault in agent.faults():
            click.echo(f"{agent.name}: {output.printable(fault)}")


def _cells(agent: mirrors.Agent, mirror: Mirror) -> tuple[str, ...]:
    def cell(value: object) -> str:
        return "-" if value is None else output.printable(str(value))

    ping = None if mirror.ping_s is None else f"{mirror.ping_s * 1e3:.2f}"
    columns = None if mirror.columns is None else len(mirror.columns)
    addresses = ", ".join(mirror.addresses) or None
    return (
        agent.name,
        output.printable(mirror.id),
        *map(cell, (addresses, ping, mirror.version, mirror.documents, columns)),
    )


def _described(
    diagnostics: Iterable[Diagnostic], agents: list[mirrors.Agent], connect: bool
) -> dict[str, Any]:
    told = [asdict(one) for one in diagnostics]
    described: dict[str, Any] = {
        "faults": [one for one in told if one["kind"] == "fault"],
        "warnings": [one for one in told if one["kind"] == "warning"],
    }
    if connect:
        described["agents"] = [
            {
                "index": agent.index,
                "number": agent.number,
                "mirrors": [asdict(mirror) for mirror in agent.mirrors],
                "faults": agent.faults(),
            }
            for agent in agents
        ]
    return described


def _count(number: int, noun: str) -> str:
    if number == 1:
        return f"1 {noun}"
    plural = f"{noun}es" if noun.endswith("x") else f"{noun}s"
    return f"{number} {plural}"
