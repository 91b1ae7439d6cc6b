"""`hamirror status`: one line for each mirror."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Literal

import click
from rich.text import Text

from . import health, options, output
from .exits import Exit
from .probe import Probe

if TYPE_CHECKING:
    from rich.table import Table

    from hamirror.status import Status

_STYLES = {"living": "green", "failing": "yellow"}


@click.command(short_help="One line for each mirror: how it is.")
@options.configuration
@click.option(
    "--rounds",
    type=click.IntRange(1, 8),
    default=4,
    show_default=True,
    help="Queries to each mirror, all at once; fewer than 4 find nobody dead.",
)
@click.option(
    "--sphinx",
    "layout",
    flag_value="sphinx",
    help="As SHOW AGENT STATUS of searchd prints it; of Manticore with that --reading.",
)
@click.option(
    "--json", "layout", flag_value="json", help="One JSON object with all that is known."
)
@click.option("--prometheus", "layout", flag_value="prometheus", help="Text for Prometheus.")
def status(
    conf: str,
    reading: options.Reading,
    rounds: int,
    layout: Literal["sphinx", "json", "prometheus"] | None,
) -> Exit:
    """Shows how every mirror of CONF is: state, share, latency, failures and what comes next.

    It asks each mirror for the counters of its daemon, and shows what this client made of the
    answers. Other processes have records of their own.

    Exit codes: 0 every agent has a living mirror; 1 CONF is refused; 4 some agent has none.
    """
    with options.connect(conf, reading, background=False) as client:
        with Probe(client) as probe:
            for _ in range(rounds):
                probe.start()
            probe.wait()
        picture = client.status()
        if layout == "prometheus":
            click.echo(client.prometheus(), nl=False)
        elif layout == "sphinx":
            flavour: Literal["sphinx", "manticore"] = (
                "manticore" if reading == "manticore" else "sphinx"
            )
            rows = client.show("SHOW AGENT STATUS", flavour=flavour)
            output.print_rows(rows.columns, rows.rows)
        elif layout == "json":
            output.print_json(asdict(picture))
        else:
            output.print_table(table(picture))
    missing = health.unserved(picture)
    for agent in missing:
        click.echo(f"hamirror: {agent.index} agent {agent.number} has no living mirror", err=True)
    return Exit.UNANSWERED if missing else Exit.DONE


COLUMNS = ("agent", "mirror", "state", "share", "p50 ms", "p99 ms", "failures", "last error")
"""Columns of a line."""

NUMBERS = ("share", "p50 ms", "p99 ms")
"""Columns that are numbers."""


def table(picture: Status) -> Table:
    """A table with one line for each mirror."""
    made = output.plain_table(*COLUMNS, numbers=NUMBERS)
    for line in health.lines(picture):
        made.add_row(*cells(line))
    return made


def cells(line: health.Line) -> tuple[Text, ...]:
    """Cells of a line."""
    failures = ", ".join(f"{count} {kind}" for kind, count in line.failures.items())
    return (
        Text(output.printable(f"{line.agent.index} {line.agent.number}")),
        Text(output.printable(line.mirror.id)),
        Text(line.story, style=_STYLES.get(line.state, "bold red")),
        Text(f"{line.mirror.share:.0f}%"),
        Text(health.milliseconds(line.latencies.p50_s)),
        Text(health.milliseconds(line.latencies.p99_s)),
        Text(failures or "-"),
        Text(output.printable(line.last_error) or "-"),
    )
