"""`hamirror search`: one full-text search, put together from options."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

import hamirror

from . import options, output
from .answers import print_answers

if TYPE_CHECKING:
    from .exits import Exit


@click.command(short_help="Searches a distributed index.")
@options.configuration
@options.index
@click.argument("words", nargs=-1)
@click.option("--plain", is_flag=True, help="WORDS have no operators.")
@click.option(
    "--select",
    default="id, weight() AS weight, *",
    show_default=True,
    metavar="LIST",
    help="Columns, as SELECT has them.",
)
@click.option(
    "--where",
    multiple=True,
    metavar="CONDITION",
    help="A filter, such as 'price < 9'; repeatable.",
)
@click.option("--order", metavar="LIST", help="Sort keys, such as 'price ASC, id DESC'.")
@click.option("--group", metavar="LIST", help="Columns to group by.")
@click.option("--facet", multiple=True, metavar="LIST", help="One more answer by it; repeatable.")
@click.option("--limit", type=click.IntRange(0), default=20, show_default=True, help="Rows.")
@click.option("--offset", type=click.IntRange(0), default=0, help="Rows to skip.")
@click.option(
    "--option",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="An OPTION of SphinxQL, such as ranker=bm25; repeatable.",
)
@output.formats
@options.call
def search(
    conf: str,
    reading: options.Reading,
    index: str,
    words: tuple[str, ...],
    layout: output.Layout | None,
    deadline: float | None,
    completeness: options.Completeness,
    **parts: object,
) -> Exit:
    """Searches the distributed INDEX for WORDS; without any, all documents match.

    Exit codes: 0 all agents answered; 1 the search is refused; 3 some agents did not answer,
    which is told on standard error; 4 none did.
    """
    text = " ".join(words)
    if parts.pop("plain"):
        text = hamirror.escape(text)
    statement, values = _statement(index, text, parts)
    with options.connect(conf, reading) as client:
        begun = time.monotonic()
        answers = client.execute(statement, values, deadline=deadline, completeness=completeness)
        return print_answers(answers, layout, time.monotonic() - begun)


def _statement(index: str, text: str, parts: dict[str, object]) -> tuple[str, dict[str, str]]:
    """SphinxQL of a search, and the value of its one free place.

    The library reads filters, keys and columns, so that both have one grammar.
    """
    conditions = [f"{one}" for one in _texts(parts["where"])]
    values = {}
    if text:
        conditions.insert(0, "MATCH(:words)")
        values["words"] = text
    clauses = [f"SELECT {parts['select']} FROM {index}"]
    if conditions:
        clauses.append(f"WHERE {' AND '.join(conditions)}")
    if parts["group"]:
        clauses.append(f"GROUP BY {parts['group']}")
    if parts["order"]:
        clauses.append(f"ORDER BY {parts['order']}")
    clauses.append(f"LIMIT {parts['offset']}, {parts['limit']}")
    if settings := _texts(parts["settings"]):
        clauses.append(f"OPTION {', '.join(settings)}")
    clauses += [f"FACET {facet}" for facet in _texts(parts["facet"])]
    return " ".join(clauses), values


def _texts(parts: object) -> list[str]:
    assert isinstance(parts, tuple)
    return list(parts)
