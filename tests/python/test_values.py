"""Values and arguments that have two readings, and what Python means by the things handed out."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

import hamirror
from daemons import CAPTURES, Player, refused_address
from hamirror import Filter

if TYPE_CHECKING:
    from pathlib import Path

HIGH = 2**63
ALL_ATTRIBUTES = (CAPTURES / "search_allattrs_master14_11F.rep.bin").read_bytes()


def sent(*filters: Filter) -> bytes:
    """The request that a search with these filters makes."""
    with Player(ALL_ATTRIBUTES) as player, hamirror.Client(player.config()) as client:
        client.search("played", "hello", filters=filters)
        return player.requests[-1]


@pytest.mark.parametrize("attribute", ["id", "ID", "@id"])
@pytest.mark.parametrize("exclude", [False, True])
def test_ids_of_64_bits_are_filtered_by(attribute: str, exclude: bool) -> None:
    ids = [1, HIGH, 2 * HIGH - 1]
    packed = struct.pack(">I3Q", len(ids), *ids)
    condition = Filter.values(attribute, ids, exclude=exclude)
    assert packed in sent(condition)
    assert repr(condition).startswith(f"Filter.values({attribute!r}, {ids}")
    same = Filter.values(attribute, iter(ids), exclude=exclude)
    assert condition == same
    beyond = Filter.range(attribute, HIGH, 2 * HIGH - 1, exclude=exclude)
    assert struct.pack(">2Q", HIGH, 2 * HIGH - 1) in sent(beyond)
    assert eval(repr(beyond), {"Filter": Filter}) == beyond or not exclude


@pytest.mark.parametrize("values", [[HIGH], [1, 2**64], [-HIGH - 1]])
def test_other_values_have_a_sign(values: list[int]) -> None:
    with pytest.raises(OverflowError):
        Filter.values("gid", values)
    with pytest.raises(OverflowError):
        Filter.range("gid", 0, values[-1])


@pytest.mark.parametrize("values", [[2**64], [-1, HIGH], ["1"]])
def test_what_is_no_id_is_refused(values: list[Any]) -> None:
    with pytest.raises((OverflowError, TypeError)):
        Filter.values("id", values)


@pytest.mark.parametrize("share", [0, -1, 101, 256, 306, 2**70, -(2**70)])
def test_a_share_of_agents_is_1_to_100_percent(share: int) -> None:
    config = hamirror.Config.build({"dead": {"agent": f"{refused_address()}:docs"}})
    with (
        hamirror.Client(config) as client,
        pytest.raises(ValueError, match=r"argument 'completeness'.* 1 to 100 percent"),
    ):
        client.search("dead", "hello", completeness=share)


@pytest.mark.parametrize("share", [True, False, 50.5, [100]])
def test_a_share_of_agents_is_an_integer(share: Any) -> None:
    config = hamirror.Config.build({"dead": {"agent": f"{refused_address()}:docs"}})
    with (
        hamirror.Client(config) as client,
        pytest.raises(TypeError, match="argument 'completeness'"),
    ):
        client.search("dead", "hello", completeness=share)


@pytest.mark.parametrize(
    "option",
    [
        *({name: True} for name in ("limit", "offset", "max_matches", "cutoff", "retry_count")),
        *({name: True} for name in ("deadline", "query_timeout", "retry_delay", "max_query_time")),
        {"weights": [True]},
        {"field_weights": {"title": True}},
        {"outer": ("id desc", 0, True)},
        {"agent_retries": (True, 0.1)},
    ],
)
def test_true_is_no_number(option: Any) -> None:
    (name,) = option
    with (
        hamirror.Client(hamirror.Config.build({"dead": {"agent": "box:1:docs"}})) as client,
        pytest.raises(TypeError, match=f"argument '{name}': True is no number"),
    ):
        client.search("dead", "hello", **option)


@pytest.mark.parametrize("text", ["", "12", b"", b"12"])
def test_a_text_is_no_list(text: Any) -> None:
    match = "argument '{}': one text is no list of them".format
    with pytest.raises(TypeError, match=match("values")):
        hamirror.Filter.values("gid", text)
    with pytest.raises(TypeError, match=match("texts")):
        hamirror.Filter.strings("title", text)
    for name in ("filters", "weights", "overrides"):
        option: Any = {name: text}
        with pytest.raises(TypeError, match=match(name)):
            hamirror.Search("hello", **option)


def test_a_row_is_a_mapping() -> None:
    with Player(ALL_ATTRIBUTES) as player, hamirror.Client(player.config()) as client:
        result = client.search("played", "hello")
    for row in result:
        expected = row.as_dict()
        assert isinstance(row, Mapping)
        assert dict(row) == expected == dict(row.items())
        assert {**row} == expected
        assert list(row) == list(row.keys()) == list(expected)
        assert list(row.values()) == list(expected.values())
        assert json.loads(json.dumps(dict(row))) == expected
        assert row == expected
        assert row == result[[one.id for one in result].index(row.id)]
        assert row != {**expected, "gid": -1}
        assert row != 3
        assert row.get("gid") == row["gid"]
        assert (row.get("nothing"), row.get("nothing", 7)) == (None, 7)
        with pytest.raises(TypeError):
            hash(row)
        match row:
            case {"gid": gid, "flag": bool()}:
                assert gid == row["gid"]
            case _:
                pytest.fail("no mapping")


def test_a_file_that_cannot_be_read_is_what_python_means(tmp_path: Path) -> None:
    missing = tmp_path / "sphinx.conf"
    with pytest.raises(FileNotFoundError) as raised:
        hamirror.Config.read(missing)
    error = raised.value
    assert isinstance(error, hamirror.ResourceError)
    assert (error.errno, error.filename) == (2, str(missing))
    assert str(error) == f"configuration '{missing}': No such file or directory (os error 2)"
    with pytest.raises(IsADirectoryError) as refused:
        hamirror.Config.read(tmp_path)
    assert refused.value.errno == 21
    with pytest.raises(NotADirectoryError):
        hamirror.Config.read("/dev/null/sphinx.conf")


def test_metrics_are_read_by_the_client_of_prometheus() -> None:
    dead = refused_address()
    with Player(ALL_ATTRIBUTES) as player:
        agents = [f"{player.address}:any", f"{dead}:any"]
        config = hamirror.Config.build({"half": {"agent": agents}})
        with hamirror.Client(config, background=False) as client:
            for _ in range(5):
                client.search("half", "hello")
            text = client.prometheus()
            unanswered = [agent.unanswered for agent in client.status().agents]
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert {family.type for family in families.values()} == {"counter", "gauge", "histogram"}

    def values(name: str, **labels: str) -> list[float]:
        return [
            sample.value
            for sample in families[name].samples
            if labels.items() <= sample.labels.items()
        ]

    assert values("hamirror_agent_unanswered", index="half") == unanswered == [0, 5]
    assert values("hamirror_agent_mirrors_up", index="half") == [1, 0]
    assert values("hamirror_host_state", host=dead, state="dead") == [1]
    assert values("hamirror_host_state", host=dead, state="living") == [0]
    assert len(values("hamirror_host_recent_query_duration_seconds", host=dead)) == 3 * 4
