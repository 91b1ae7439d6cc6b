"""`hamirror bench`: how fast an index answers, and which mirrors do the work."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

import hamirror

from . import health, histogram, options, output
from .exits import Exit
from .load import IN_FLIGHT_MAX, RATE_MAX, Load, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hamirror.status import MirrorStatus, Status

_PERCENTS = (50.0, 90.0, 99.0, 99.9, 100.0)

_BAR_WIDTH = 40

# Kinds of errors that are told; the others are counted.
_ERRORS_TOLD = 5


@click.command(short_help="Measures how fast an index answers.")
@options.configuration
@options.index
@click.argument("queries", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--threads",
    type=click.IntRange(1, 1024),
    default=1,
    show_default=True,
    help="Threads that search again as soon as they were answered.",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0, max=RATE_MAX, min_open=True),
    help="In place of threads: searches a second, begun whether others were answered or not.",
)
@click.option("--count", type=click.IntRange(1), help="Searches after which it ends.")
@click.option(
    "--duration",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Time after which it ends.  [default: 10, unless there is a count]",
)
@click.option("--limit", type=click.IntRange(0), default=20, show_default=True, help="Rows.")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Write a histogram.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@options.call
def bench(
    conf: str,
    reading: options.Reading,
    index: str,
    queries: Path,
    threads: int,
    rate: float | None,
    count: int | None,
    duration: float | None,
    svg: Path | None,
    as_json: bool,
    **call: Any,
) -> Exit:
    """Searches INDEX for the queries in a file, one a line, and tells how long that takes.

    With --rate the time of a search counts from when it was due: a cluster that is too slow does
    not slow down who measures it. Ctrl-C ends it early, and tells what there is.

    Exit codes: 0 all was answered; 1 a query is at fault; 3 some searches failed or lack agents; 4
    none was answered.
    """
    texts = [line for line in _lines(queries) if line.strip()]
    if not texts:
        raise click.UsageError(f"{queries} has no query")
    if svg is not None:
        # Whoever can't write there is told before the load, not after it.
        svg.open("ab").close()
    with options.connect(conf, reading) as client:
        if index not in client.indexes:
            raise hamirror.NotFoundError(f"no distributed index '{index}' in the configuration")
        if count is None and duration is None:
            duration = 10.0
        load = Load(client, index, texts, call, count, duration)
        before = client.status()
        with _progress(count) as tell:
            if rate is None:
                outcome = load.by_threads(threads, tell)
            else:
                outcome = load.at_rate(rate, IN_FLIGHT_MAX, tell)
        served = _served(before, client.status())
    if as_json:
        output.print_json(_described(outcome, served))
    else:
        _print(outcome, served)
    if svg is not None:
        way = f"{threads} threads" if rate is None else f"{rate:g} searches a second"
        image = _image(outcome, f"{index}: {outcome.answered} searches, {way}")
        svg.write_text(image, encoding="utf-8", errors="backslashreplace")
    _tell_errors(outcome)
    return _exit(outcome)


def _lines(path: Path) -> list[str]:
    # Those of a str end at letters that may stand within a query.
    lines = path.read_bytes().splitlines()
    return [line.decode("utf-8", "surrogateescape") for line in lines]


def _exit(outcome: Outcome) -> Exit:
    if outcome.refused:
        return Exit.REFUSED
    if outcome.failed and not outcome.answered:
        return Exit.UNANSWERED
    return Exit.PARTIAL if outcome.failed or outcome.partial else Exit.DONE


@contextmanager
def _progress(count: int | None) -> Iterator[Callable[[int], None]]:
    """Shows how far it is, if there is a terminal to show it."""
    if not sys.stderr.isatty():
        yield lambda _ended: None
        return
    columns = (BarColumn(), TextColumn("{task.completed} searches"), TimeElapsedColumn())
    with Progress(*columns, console=output.console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=count)
        yield lambda ended: progress.update(task, completed=ended)


def _served(before: Status, after: Status) -> list[tuple[str, str, int, int]]:
    """Agent, mirror, answers and failures of each mirror, between two looks."""

    def counts(mirror: MirrorStatus) -> tuple[int, int]:
        counters = mirror.since_start.counters
        failures = sum(health.failed(counters).values())
        return counters["succeeded_queries"] + counters["warnings"], failures

    lines = []
    for old, new in zip(before.agents, after.agents, strict=True):
        for was, is_now in zip(old.mirrors, new.mirrors, strict=True):
            (answers_then, failures_then), (answers, failures) = counts(was), counts(is_now)
            agent = f"{new.index} {new.number}"
            lines.append((agent, is_now.id, answers - answers_then, failures - failures_then))
    return lines


def _print(outcome: Outcome, served: list[tuple[str, str, int, int]]) -> None:
    rate = outcome.answered / outcome.took_s if outcome.took_s else 0.0
    click.echo(
        f"{outcome.answered} answered, {outcome.partial} of them in part, {outcome.failed} "
        f"failed, in {outcome.took_s:.1f} s: {rate:.0f} a second"
    )
    table = output.plain_table(*map(_named, _PERCENTS), numbers=map(_named, _PERCENTS))
    times = [health.milliseconds(outcome.percentile(percent)) for percent in _PERCENTS]
    table.add_row(*times)
    output.print_table(table)
    click.echo()
    for line in histogram.bars(histogram.buckets(outcome.latencies_s), _BAR_WIDTH):
        click.echo(line)
    click.echo()
    table = output.plain_table(
        "agent", "mirror", "answers", "failures", numbers=("answers", "failures")
    )
    for agent, mirror, answers, failures in served:
        names = (Text(output.printable(agent)), Text(output.printable(mirror)))
        table.add_row(*names, str(answers), str(failures))
    output.print_table(table)


def _named(percent: float) -> str:
    return "max ms" if percent == 100 else f"p{percent:g} ms"


def _image(outcome: Outcome, title: str) -> str:
    marks = {}
    for percent in _PERCENTS[:3]:
        time_s = outcome.percentile(percent)
        if time_s is not None:
            marks[f"p{percent:g} {health.milliseconds(time_s)}"] = time_s
    return histogram.svg(histogram.buckets(outcome.latencies_s), title, marks)


def _described(outcome: Outcome, served: list[tuple[str, str, int, int]]) -> dict[str, Any]:
    buckets = histogram.buckets(outcome.latencies_s)
    return {
        "answered": outcome.answered,
        "partial": outcome.partial,
        "failed": outcome.failed,
        "not_begun": outcome.not_begun,
        "errors": dict(outcome.errors),
        "took_s": outcome.took_s,
        "percentiles_s": {f"{percent:g}": outcome.percentile(percent) for percent in _PERCENTS},
        "histogram": [[bucket.low_s, bucket.high_s, bucket.count] for bucket in buckets],
        "served": [
            {"agent": agent, "mirror": mirror, "answers": answers, "failures": failures}
            for agent, mirror, answers, failures in served
        ],
    }


def _tell_errors(outcome: Outcome) -> None:
    if outcome.not_begun:
        late = f"{outcome.not_begun} searches were due and not begun in time"
        click.echo(f"hamirror: {late}: a lower --rate, or a longer --duration", err=True)
    for text, count in outcome.errors.most_common(_ERRORS_TOLD):
        click.echo(f"hamirror: {count} times: {output.printable(text)}", err=True)
    if len(outcome.errors) > _ERRORS_TOLD:
        click.echo(f"hamirror: {len(outcome.errors) - _ERRORS_TOLD} more kinds", err=True)
