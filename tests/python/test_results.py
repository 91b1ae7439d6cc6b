"""What Python expects of results: tables, copies, pickles, JSON; and the short way to a client."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, get_args, get_type_hints

import pytest

import hamirror
from daemons import CAPTURES, Player, refused_address

if TYPE_CHECKING:
    import pathlib

    from daemons import Cluster

ALL_ATTRIBUTES = (CAPTURES / "search_allattrs_master14_11F.rep.bin").read_bytes()
FACTS = [
    "total",
    "total_found",
    "time_s",
    "warning",
    "agents_answered",
    "agents",
    "failures",
    "columns",
    "fields",
    "words",
]


def played() -> hamirror.SearchResult:
    """A result with values of every type."""
    with Player(ALL_ATTRIBUTES) as player, hamirror.Client(player.config()) as client:
        return client.search("played", "hello")


def test_a_client_of_a_file_or_of_agents(cluster: Cluster) -> None:
    with hamirror.connect(cluster.config_path) as client:
        expected = list(client.search(cluster.index, "library"))
    with hamirror.connect(hamirror.Config.read(str(cluster.config_path)), seed=1) as client:
        assert list(client.search(cluster.index, "library")) == expected
    with Player(ALL_ATTRIBUTES) as player:
        agent = f"{refused_address()}:any|{player.address}:any"
        with hamirror.connect(agents={"one": agent, "two": [agent, agent]}) as client:
            assert client.indexes == ("one", "two")
            assert client.search("two", "hello").agents == 2
    for arguments in ([], [cluster.config_path]):
        agents_too = {"d": "a:1:x"} if arguments else None
        with pytest.raises(TypeError, match="one of them"):
            hamirror.connect(*arguments, agents=agents_too)
    with pytest.raises(hamirror.ConfigError, match="agent"):
        hamirror.connect(agents={"d": "box1:0:x"})
    with pytest.raises(FileNotFoundError):
        hamirror.connect("no/such.conf")


def test_what_is_odd_in_a_file_is_logged(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "odd.conf"
    path.write_text("index d\n{\n type = distributed\n agent = box1:1:x\n agent_tmeout = 5\n}\n")
    with hamirror.connect(path, background=False):
        assert "agent_tmeout" in caplog.text


def test_results_are_pickled_and_copied() -> None:
    result = played()
    again = pickle.loads(pickle.dumps(result))
    twice = pickle.loads(pickle.dumps(again))
    for other in (copy.copy(result), copy.deepcopy(result), again, twice):
        assert isinstance(other, hamirror.SearchResult)
        assert len(other) == len(result) > 2
        assert list(other) == list(result)
        assert [(row.id, row.weight) for row in other] == [(row.id, row.weight) for row in result]
        assert [getattr(other, name) for name in FACTS] == [
            getattr(result, name) for name in FACTS
        ]
        assert repr(other) == repr(result)
        assert other[0].json("js") == result[0].json("js")
        # Whoever changes a list changes no result.
        other[0]["mv"].append(77)
        assert other[0]["mv"] == result[0]["mv"]


def test_times_are_seconds_and_kinds_are_named(client: hamirror.Client, cluster: Cluster) -> None:
    result = client.search(cluster.index, "library")
    assert 0 <= result.time_s < 60
    kinds = get_args(get_type_hints(hamirror.types.Column)["kind"])
    assert {column.kind for column in (*result.columns, *played().columns)} <= set(kinds)
    windows = [host.since_start for host in client.status().hosts]
    asked = [window for window in windows if window.connect_count > 0]
    assert asked
    for window in asked:
        assert window.connect_mean_s is not None
        assert window.connect_max_s is not None
        assert 0 < window.connect_mean_s <= window.connect_max_s < 60
    unused = [window for window in windows if window.connect_count == 0]
    assert all(window.connect_max_s is None for window in unused)


def test_a_row_is_pickled_alone() -> None:
    result = played()
    row = result[1]
    one = pickle.loads(pickle.dumps(row))
    for other in (copy.copy(row), copy.deepcopy([row])[0], one):
        assert isinstance(other, hamirror.Row)
        assert (other, other.id, other.weight) == (row, row.id, row.weight)
        assert other.keys() == row.keys()
    assert len(pickle.dumps(row)) < len(pickle.dumps(result))


def test_failures_are_pickled_too(cluster: Cluster) -> None:
    text = cluster.config_path.read_text()
    more = f"    agent = {refused_address()}:any\n"
    text = text.replace("    type = distributed\n", f"    type = distributed\n{more}", 1)
    with hamirror.Client(hamirror.Config.parse(text, reading="sphinx")) as client:
        result = client.search(cluster.index, "library", limit=1)
    assert (len(result.failures), result.agents) == (1, 3)
    assert pickle.loads(pickle.dumps(result)).failures == result.failures


def test_json_is_decoded_on_request(client: hamirror.Client, cluster: Cluster) -> None:
    columns = (
        "facts, facts.section s, facts.small f, facts.deep d, facts.nosuch n, facts.kb k, name"
    )
    result = client.search(cluster.index, "", select=columns, limit=50)
    assert any(row["facts"] is None for row in result)
    for row in result:
        document = row.json("facts")
        if document is None:
            assert row["facts"] is None
            continue
        assert isinstance(document, dict)
        assert row.json("s") == document["section"] == row["s"]
        assert row.json("f") is document["small"]
        assert row.json("d") == document["deep"]
        assert row.json("k") == document.get("kb")
        assert row.json("n") is None
        assert document["mixed"][0] == row.id
    with pytest.raises(TypeError, match="column 'name' is str here, and no JSON"):
        result[0].json("name")
    with pytest.raises(KeyError, match="nosuch"):
        result[0].json("nosuch")


def test_a_result_is_shown_as_a_table(client: hamirror.Client, cluster: Cluster) -> None:
    result = client.search(cluster.index, "library", select="name, tags", limit=12)
    first, names, *rows, rest = repr(result).splitlines()
    assert first.startswith("<hamirror.SearchResult rows=12 total=")
    assert first.endswith("agents=2/2>")
    assert names.split() == ["id", "weight", "name", "tags"]
    assert rest == "... and 2 more rows"
    shown = [line.split()[:3] for line in rows]
    assert shown == [[str(row.id), str(row.weight), row["name"]] for row in result[:10]]
    assert len(repr(client.search(cluster.index, "nosuchword")).splitlines()) == 1


def test_a_notebook_shows_it_without_reading_it_as_html() -> None:
    packed = ALL_ATTRIBUTES.replace(b"alpha", b"<b>&\n")
    with Player(packed) as player, hamirror.Client(player.config()) as client:
        html = client.search("played", "hello")._repr_html_()
    assert html.startswith("<table><caption>rows=")
    assert "<th>id</th><th>weight</th>" in html
    assert "<b>" not in html
    assert "\n" not in html


def test_faults_are_texts() -> None:
    text = "index docs {\n type = distributed\n agent = box1:0:docs\n}\n"
    with pytest.raises(hamirror.ConfigError) as raised:
        hamirror.Config.parse(text, name="c.conf")
    (diagnostic,) = raised.value.diagnostics
    assert str(diagnostic) == "c.conf:3:15: '0': a port from 1 to 65535 is expected"
    assert pickle.loads(pickle.dumps(diagnostic)) == diagnostic


def test_an_error_has_its_parts(client: hamirror.Client, cluster: Cluster) -> None:
    filters = [hamirror.Filter.values("nosuch", [1])]
    with pytest.raises(hamirror.QueryError) as raised:
        client.search(cluster.index, "", filters=filters)
    assert raised.value.query_error is not None
    assert "nosuch" in raised.value.query_error
    assert pickle.loads(pickle.dumps(raised.value)).query_error == raised.value.query_error
    with hamirror.connect(agents={"d": f"{refused_address()}:any"}) as dead:
        with pytest.raises(hamirror.UnansweredError) as refused:
            dead.search("d", "")
        assert refused.value.query_error is None
