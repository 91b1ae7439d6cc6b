"""Groups and aggregates over real daemons."""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import pytest

import hamirror
from hamirror import Filter, Grouping

if TYPE_CHECKING:
    from daemons import Cluster


def documents(client: hamirror.Client, index: str, columns: str) -> list[dict[str, Any]]:
    """All documents: no more than agents send."""
    found = client.search(index, "", select=columns, limit=3000, max_matches=3000)
    assert len(found) == found.total_found
    return [row.as_dict() for row in found]


def test_groups_are_those_of_all_documents(client: hamirror.Client, cluster: Cluster) -> None:
    sizes = defaultdict(list)
    priorities = defaultdict(set)
    for document in documents(client, cluster.index, "section, installed_size, priority"):
        sizes[document["section"]].append(document["installed_size"])
        priorities[document["section"]].add(document["priority"])
    result = client.search(
        cluster.index,
        "",
        select="section, count(*) c, sum(installed_size) s, avg(installed_size) a",
        group=Grouping("section", order="section asc", count_distinct="priority"),
        limit=1000,
    )
    assert result.warning is None
    assert [row["section"] for row in result] == sorted(sizes)
    for row in result:
        of_group = sizes[row["section"]]
        assert (row["c"], row["@count"], row["s"]) == (len(of_group), len(of_group), sum(of_group))
        assert row["a"] == pytest.approx(sum(of_group) / len(of_group))
        assert row["@distinct"] == len(priorities[row["section"]])


def test_groups_by_time(client: hamirror.Client, cluster: Cluster) -> None:
    added = [document["added"] for document in documents(client, cluster.index, "added")]
    # Daemons take the time of the machine's zone, which they share with this process.
    days = [datetime.datetime.fromtimestamp(second) for second in added]
    for group, key in (
        (Grouping("added", by="day", order="@group asc"), "%Y%m%d"),
        (Grouping("added", by="month", order="@group asc"), "%Y%m"),
        (Grouping("added", by="year", order="@group asc"), "%Y"),
    ):
        expected = sorted(Counter(int(day.strftime(key)) for day in days).items())
        result = client.search(cluster.index, "", group=group, limit=1000)
        assert [(row["@groupby"], row["@count"]) for row in result] == expected


def test_some_groups_and_some_of_each(client: hamirror.Client, cluster: Cluster) -> None:
    counts = Counter(
        (document["section"], document["small"])
        for document in documents(client, cluster.index, "section, small")
    )
    large = {key for key, count in counts.items() if count > 60}
    assert large
    assert len(large) < len(counts)
    group = Grouping(
        "section",
        "small",
        within="installed_size desc, @id asc",
        rows_per_group=3,
        having=Filter.above("count(*)", 60),
    )
    columns = "section, small, installed_size, count(*)"
    result = client.search(cluster.index, "", select=columns, group=group, limit=1000)
    found = defaultdict(list)
    for row in result:
        found[row["section"], row["small"]].append(row["installed_size"])
    assert set(found) == large
    for of_group in found.values():
        assert len(of_group) == 3
        assert of_group == sorted(of_group, reverse=True)


def test_a_statement_has_the_same_groups(client: hamirror.Client, cluster: Cluster) -> None:
    statement = (
        f"SELECT section, count(*) c FROM {cluster.index} GROUP BY section "
        "HAVING c > 20 ORDER BY c DESC, section ASC LIMIT 7"
    )
    (answer,) = client.execute(statement)
    group = Grouping("section", order="c desc, section asc", having=Filter.above("c", 20))
    columns = "section, count(*) c"
    result = client.search(cluster.index, "", select=columns, group=group, limit=7)
    assert len(answer) > 2
    assert [tuple(row.values()[:2]) for row in result] == list(answer)


def test_an_enclosing_select_orders_groups_anew(client: hamirror.Client, cluster: Cluster) -> None:
    group = Grouping("section", order="@count desc")
    columns = "section, count(*) c"
    all_groups = client.search(cluster.index, "", select=columns, group=group, limit=5)
    enclosed = client.search(
        cluster.index, "", select=columns, group=group, limit=5, outer=("section asc", 1, 3)
    )
    names = sorted(row["section"] for row in all_groups)
    assert [row["section"] for row in enclosed] == names[1:4]


def test_a_masters_numbers_are_a_mode(client: hamirror.Client, cluster: Cluster) -> None:
    truth = len({one["section"] for one in documents(client, cluster.index, "section")})
    columns = "count(distinct section) d"
    (exact,) = client.search(cluster.index, "", select=columns)
    (masters,) = client.search(cluster.index, "", select=columns, merge_mode="master")
    assert exact["d"] == truth
    # It adds what its agents count.
    assert masters["d"] > truth


def test_what_can_not_be_a_grouping_is_refused(client: hamirror.Client, cluster: Cluster) -> None:
    with pytest.raises(ValueError, match="needs an attribute"):
        Grouping()
    with pytest.raises(ValueError, match="by='year' takes one attribute, not 2"):
        Grouping("a", "b", by="year")  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="argument 'by': 'hour' is none of value, day"):
        Grouping("a", by="hour")  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="'having'"):
        Grouping("a", having=Filter.id_range(1, 2))
    with pytest.raises(hamirror.QueryError, match="ATTRPAIR"):
        client.search(cluster.index, "", group=Grouping("installed_size", by="pair"))
    with pytest.raises(hamirror.RequestError, match="rows a group"):
        client.search(cluster.index, "", group=Grouping("section", rows_per_group=0))
    group = Grouping("section", having=Filter.variable("@count", "@x"))
    with pytest.raises(hamirror.RequestError, match="variable"):
        client.search(cluster.index, "", group=group)
