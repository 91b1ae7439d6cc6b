"""Prints the rows of grouped searches, as every language does (tests/harness/listing.rs)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import hamirror
from hamirror import Filter, Grouping, Search

if TYPE_CHECKING:
    from collections.abc import Iterator


def by_attributes() -> Iterator[tuple[str, Search]]:
    """Searches that group by values."""
    sections = Grouping(
        "section",
        order="c desc, section asc",
        count_distinct="priority",
        having=Filter.above("c", 100),
    )
    columns = "section, count(*) c, avg(installed_size) a"
    yield "sections", Search("", select=columns, group=sections)
    two = Grouping(
        "section",
        "small",
        within="installed_size desc, @id asc",
        rows_per_group=2,
        order="@count desc",
        having=Filter.range("c", 0, 40, exclude=True),
    )
    columns = "section, small, installed_size, count(*) c"
    yield "two of each", Search("", select=columns, group=two, offset=1, limit=9)
    deep = Grouping("facts.deep.Kb")
    columns = "count(*) c, max(ratio) r"
    outer = ("c desc, r asc", 1, 3)
    yield "enclosed", Search("", select=columns, group=deep, merge_mode="master", outer=outer)


def by_time() -> Iterator[tuple[str, Search]]:
    """Searches that group by a part of a time."""
    columns, order = "count(*) c, sum(size) s", "@group asc"
    for title, group in (
        ("days", Grouping("added", by="day", order=order)),
        ("weeks", Grouping("added", by="week", order=order)),
        ("months", Grouping("added", by="month", order=order)),
        ("years", Grouping("added", by="year", order=order)),
    ):
        yield title, Search("", select=columns, group=group, limit=3)


def written(value: object) -> str:
    """The value as all languages print it."""
    if isinstance(value, float):
        return f"{value:.6f}"
    return str(int(value) if isinstance(value, bool) else value)


def main() -> None:
    """Asks all of them in one request to each agent."""
    config, index = sys.argv[1:]
    titles, searches = zip(*by_attributes(), *by_time(), strict=True)
    with hamirror.Client(hamirror.Config.read(config)) as client:
        results = client.search_all(index, searches)
    for title, result in zip(titles, results, strict=True):
        print(title)
        for row in result:
            print("|".join([str(row.id), *map(written, row.values())]))


if __name__ == "__main__":
    main()
