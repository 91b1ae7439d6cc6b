"""Searches over real daemons, and of replies that were captured from them."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

import hamirror
from daemons import CAPTURES, REPOSITORY, Player
from hamirror import Filter, Ranker, Sort

if TYPE_CHECKING:
    from daemons import Cluster


def test_a_search_is_a_sequence_of_rows(client: hamirror.Client, cluster: Cluster) -> None:
    result = client.search(cluster.index, "library", select="name, size", limit=5)
    assert len(result) == 5
    assert result.total_found >= result.total >= 5
    assert (result.agents_answered, result.agents, result.failures) == (2, 2, ())
    assert result.warning is None
    assert [(column.name, column.kind) for column in result.columns] == [
        ("name", "string"),
        ("size", "bigint"),
    ]
    assert result.fields == ("title", "body")
    assert [word.word for word in result.words] == ["library"]
    assert result.words[0].docs == result.total_found
    rows = list(result)
    assert [row.id for row in rows] == [result[number].id for number in range(5)]
    assert [row.id for row in result[::-2]] == [rows[4].id, rows[2].id, rows[0].id]
    assert result[-1].id == rows[4].id
    assert [row.weight for row in rows] == sorted((row.weight for row in rows), reverse=True)
    for number in (5, -6):
        with pytest.raises(IndexError):
            result[number]


def test_a_row_is_a_mapping(client: hamirror.Client, cluster: Cluster) -> None:
    row = client.search(cluster.index, "library", select="name, size", limit=1)[0]
    assert row.keys() == ("name", "size")
    assert row.values() == (row["name"], row["size"])
    assert dict(row) == row.as_dict() == dict(zip(row, row.values(), strict=True))
    assert len(row) == 2
    assert "name" in row
    assert "nothing" not in row
    number: object = 1
    assert number not in row
    with pytest.raises(KeyError, match="nothing"):
        row["nothing"]
    assert f"id={row.id} weight={row.weight}" in repr(row)


def test_rows_outlive_their_client(cluster: Cluster) -> None:
    with hamirror.Client(cluster.config()) as client:
        rows = client.search(cluster.index, "library", select="name")[:]
    del client
    assert all(isinstance(row["name"], str) for row in rows)


def test_filters_sort_and_window(client: hamirror.Client, cluster: Cluster) -> None:
    sizes = [
        row["installed_size"]
        for row in client.search(
            cluster.index,
            "",
            select="installed_size",
            filters=[
                Filter.range("installed_size", 160, 1600),
                Filter.string("section", "net", exclude=True),
                Filter.values("id", [1], exclude=True),
                Filter.id_range(1, 1500),
                Filter.float_range("ratio", 0.5, 1e9),
            ],
            sort=Sort.extended("installed_size desc, @id asc"),
            offset=2,
            limit=1000,
            max_matches=1000,
        )
    ]
    assert len(sizes) > 50
    assert sizes == sorted(sizes, reverse=True)
    assert 160 <= min(sizes) <= max(sizes) <= 1600


def test_every_option_is_taken(client: hamirror.Client, cluster: Cluster) -> None:
    options: hamirror.SearchOptions = {
        "select": None,
        "filters": (Filter.values("tags", range(1, 20)) for _ in range(1)),
        "sort": Sort.ascending("installed_size"),
        "limit": 3,
        "ranker": Ranker.expression("sum(lcs)*10"),
        "match_mode": "extended2",
        "cutoff": 100,
        "max_query_time": timedelta(seconds=2),
        "field_weights": {"title": 5},
        "index_weights": {"*": 2},
        "comment": "from a test",
        "deadline": 5,
        "connect_timeout": 0.5,
        "query_timeout": timedelta(seconds=3),
        "retry_count": 1,
        "retry_delay": 0.01,
        "failover": True,
        "completeness": 100,
    }
    result = client.search(cluster.index, "library", **options)
    assert len(result) == 3
    assert "tags" in result[0]


def test_results_never_change(client: hamirror.Client, cluster: Cluster) -> None:
    result = client.search(cluster.index, "library", limit=1)
    for thing in (result, result[0], result.words[0], Filter.id_range(1, 2), client):
        for name in ("total", "new"):
            with pytest.raises((AttributeError, TypeError)):
                setattr(thing, name, 1)


def test_nothing_found_is_false(client: hamirror.Client, cluster: Cluster) -> None:
    result = client.search(cluster.index, "nosuchword")
    assert not result
    assert (list(result), result[:], result.total) == ([], [], 0)


def test_values_of_every_type() -> None:
    packed = (CAPTURES / "search_allattrs_master14_11F.rep.bin").read_bytes()
    with Player(packed) as player, hamirror.Client(player.config()) as client:
        rows = client.search("played", "hello")[:]
    by_id = {row.id: row for row in rows}
    assert by_id[1].as_dict() == {
        "gid": 10,
        "ts": 1400000000,
        "flag": True,
        "fl": 1.5,
        "big": 9000000000,
        "mv": [1, 2, 3],
        "mv64": [-5, 10000000000],
        "str": "alpha",
        "js": '{"a":1,"b":"x","c":[1,2]}',
        "title_len": 2,
        "body_len": 3,
    }
    assert by_id[1]["flag"] is True
    assert (by_id[3]["mv"], by_id[3]["js"]) == ([], None)


def test_bytes_that_are_no_characters_go_both_ways() -> None:
    packed = (CAPTURES / "search_allattrs_master14_11F.rep.bin").read_bytes()
    with (
        Player(packed.replace(b"alpha", b"al\xffha")) as player,
        hamirror.Client(player.config()) as client,
    ):
        text = client.search("played", "al\udcffha")[0]["str"]
    assert text == "al\udcffha"
    assert b"\0\0\0\5al\xffha" in player.requests[-1]


def test_the_example_runs(cluster: Cluster, client: hamirror.Client) -> None:
    example = REPOSITORY / "examples/python/example.py"
    command = [sys.executable, str(example)]
    folder = cluster.config_path.parent
    lines = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder).stdout
    result = client.search(cluster.index, "library")
    assert lines.splitlines() == [f"{row.id} {row.weight}" for row in result]


def test_the_demo_prints_what_was_found(cluster: Cluster, client: hamirror.Client) -> None:
    demo = REPOSITORY / "examples/python/demo_search.py"
    command = [sys.executable, str(demo), str(cluster.config_path), cluster.index, "library"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    result = client.search(cluster.index, "library", select="name", limit=10)
    rows = [f"{row.id} {row.weight} {row['name']}" for row in result]
    head = f"total {result.total} found {result.total_found} agents 2/2"
    assert lines.splitlines() == [head, *rows]
