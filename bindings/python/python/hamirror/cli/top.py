"""`hamirror top`: the status of all mirrors, live."""

from __future__ import annotations

import os
import select
import sys
import termios
import time
import tty
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from rich.console import Group
from rich.live import Live
from rich.text import Text

from . import health, options, output
from .exits import Exit
from .history import History, sparkline
from .probe import Probe
from .status import COLUMNS, NUMBERS, cells

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import RenderableType

    import hamirror
    from hamirror.status import Status

# Looks that a line of bars has.
_WIDTH = 20

_KEYS: dict[str, tuple[str, Callable[[health.Line], float]]] = {
    "c": ("configuration", lambda _line: 0.0),
    "s": ("state", lambda line: line.host.is_living - line.host.errors_in_row * 1e-6),
    "p": ("p99", lambda line: -(line.latencies.p99_s or 0.0)),
    "m": ("median", lambda line: -(line.latencies.p50_s or 0.0)),
    "f": ("failures", lambda line: -sum(line.failures.values())),
    "h": ("share", lambda line: -line.mirror.share),
}


@click.command(short_help="The status of every mirror, live.")
@options.configuration
@click.option(
    "--interval",
    type=click.FloatRange(min=0.1),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="Time between two queries to each mirror.",
)
@click.option("--sort", type=click.Choice(list(_KEYS)), default="c", help="Key to begin with.")
def top(conf: str, reading: options.Reading, interval: float, sort: str) -> Exit:
    """Shows the status of every mirror of CONF, live.

    It asks each mirror for the counters of its daemon, again and again. Bars are mean times
    between two looks, all on one scale; a cross is a look with failures.

    Keys: c order of CONF, s state, p p99, m median, f failures, h share, r the other way round,
    blank to hold, q to end.

    Exit codes: those of status, as it is at the end.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("top needs a terminal; hamirror status prints once")
    with options.connect(conf, reading, background=False) as client:
        _watch(client, View(sort), interval)
        missing = health.unserved(client.status())
    return Exit.UNANSWERED if missing else Exit.DONE


class View:
    """What is on the screen: an order of lines, and what was seen so far."""

    def __init__(self, sort: str) -> None:
        """Begins with that key."""
        self._sort = sort
        self._is_reversed = False
        self._is_held = False
        self._history = History(_WIDTH)
        self._shown: Status | None = None

    def look(self, status: Status) -> None:
        """Takes what is known now; the screen stays as it is while it is held."""
        self._history.add(status)
        if not self._is_held or self._shown is None:
            self._shown = status

    def press(self, key: str) -> bool:
        """Does what a key says; returns False for the one that ends it."""
        if key == "q":
            return False
        if key in _KEYS:
            self._sort = key
        elif key == "r":
            self._is_reversed = not self._is_reversed
        elif key == " ":
            self._is_held = not self._is_held
        return True

    def lines(self) -> list[health.Line]:
        """Returns the lines in their order; equal ones stay as the configuration has them."""
        lines = health.lines(self._shown) if self._shown else []
        lines.sort(key=_KEYS[self._sort][1])
        return lines[::-1] if self._is_reversed else lines

    def render(self) -> RenderableType:
        """Returns the screen."""
        names = (*COLUMNS[:2], "recently", *COLUMNS[2:])
        table = output.plain_table(*names, numbers=(*NUMBERS, "failures"))
        # A mirror has one line: what is too long is cut, the last errors first.
        table.expand = True
        for column in table.columns:
            column.no_wrap = True
        table.columns[-1].ratio = 1
        scale_s = self._history.scale_s()
        for line in self.lines():
            bars = sparkline(self._history.moments(line.host.name), scale_s)
            agent, mirror, *rest, _, last_error = cells(line)
            failures = Text(str(sum(line.failures.values())))
            table.add_row(agent, mirror, Text(bars.rjust(_WIDTH)), *rest, failures, last_error)
        order = _KEYS[self._sort][0] + (", the other way round" if self._is_reversed else "")
        held = "held; " if self._is_held else ""
        facts = f"{held}by {order}; a full bar is {health.milliseconds(scale_s)} ms"
        keys = "c s p m f h sort, r turns round, blank holds, q ends"
        return Group(table, Text(f"{facts}. {keys}", style="dim"))


def _watch(client: hamirror.Client, view: View, interval: float) -> None:
    """Shows the view until a key ends it."""
    console = output.console()
    with (
        Probe(client) as probe,
        _keys() as keys,
        Live(console=console, screen=True, auto_refresh=False, transient=True) as live,
    ):
        due = time.monotonic()
        while True:
            if time.monotonic() >= due:
                view.look(client.status())
                probe.start()
                due = max(due + interval, time.monotonic())
            live.update(view.render(), refresh=True)
            if not all(view.press(key) for key in _wait(keys, due)):
                return


def _wait(keys: int, due: float) -> str:
    """Waits until keys are pressed or the next look is due; returns the keys."""
    ready, _, _ = select.select([keys], [], [], max(due - time.monotonic(), 0))
    # A terminal that has gone is at its end for good.
    return (os.read(keys, 64).decode(errors="replace") or "q") if ready else ""


@contextmanager
def _keys() -> Iterator[int]:
    """Hands out keys as they are pressed, without their letters on the screen."""
    keys = sys.stdin.fileno()
    before = termios.tcgetattr(keys)
    tty.setcbreak(keys)
    try:
        yield keys
    finally:
        termios.tcsetattr(keys, termios.TCSADRAIN, before)
