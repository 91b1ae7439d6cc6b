"""Replies that the program got by itself: those that agents of a 2.2.11 master were recorded to
send, merged to what that master was recorded to answer.
"""

from __future__ import annotations

import struct
from typing import Any

import pytest

import hamirror
from daemons import CAPTURES


def frame(letter: str) -> tuple[int, int, bytes]:
    """Status, version and body of the recorded reply of an agent, behind its handshake."""
    stream = (CAPTURES / f"merged/s2_api_g_attr.{letter}.s2c.bin").read_bytes()[4:]
    status, version, length = struct.unpack(">HHI", stream[:8])
    return status, version, stream[8 : 8 + length]


def grouped(mode: Any) -> hamirror.Search:
    """The search that was recorded."""
    group = hamirror.Grouping("gid", order="@count desc")
    return hamirror.Search("", select="id, gid, AVG(fl) af", group=group, merge_mode=mode)


def test_replies_are_merged_as_a_master_does() -> None:
    merge = hamirror.RawMerge("d", [grouped("master")])
    for agent in ("A", "B"):
        merge.add_reply(agent, *frame(agent))
    merge.add_failure("C", "query_timeout", "query timed out")
    (result,) = merge.finish()
    counts = [row["@count"] for row in result]
    assert len(counts) > 3
    assert counts == sorted(counts, reverse=True)
    assert [outcome.host for outcome in result.outcomes] == ["A", "B", None]
    assert result.failures[0].attempts[0].kind == "query_timeout"
    assert result.warning is not None
    assert "query timed out" in result.warning
    with pytest.raises(hamirror.MisuseError, match="finished"):
        merge.finish()
    with pytest.raises(hamirror.MisuseError, match="finished"):
        merge.request("t")


def test_requests_are_those_of_masters() -> None:
    stream = (CAPTURES / "s2_api_g_attr.A.c2s.bin").read_bytes()
    merge = hamirror.RawMerge("d", [grouped("master")])
    assert merge.request("t") == stream[12:]
    exact = hamirror.RawMerge("d", [grouped("exact")])
    assert len(exact.request("t")) > len(stream)
    merge.asked(version=0x119, master=6)
    assert merge.request("t").startswith(b"\0\0\0\6")
    with pytest.raises(hamirror.RequestError, match="can't be read"):
        merge.asked(version=0x121)
    with pytest.raises(hamirror.RequestError, match="can't be read"):
        merge.asked(master=0)
    with pytest.raises(ValueError, match="argument 'product': 'solr' is none of"):
        merge.asked(product="solr")  # type: ignore[arg-type]
    merge.asked()
    assert merge.request("t") == stream[12:]


def test_texts_of_filters_are_in_the_words_of_the_agent() -> None:
    filters = [hamirror.Filter.strings("s", ["one"])]
    merge = hamirror.RawMerge("d", [hamirror.Search("x", filters=filters)])
    assert b"'one'" in merge.request("t")
    merge.asked(product="manticore")
    assert b"'one'" not in merge.request("t")
    # An answer of Sphinx with no rows.
    body = b"\0" * 49
    with pytest.raises(hamirror.RequestError, match="agent A is of Sphinx"):
        merge.add_reply("A", 0, 0x11F, body)
    merge.asked(product="sphinx")
    merge.add_reply("A", 0, 0x11F, body)


def test_what_is_no_reply_is_refused() -> None:
    merge = hamirror.RawMerge("d", [grouped("master")])
    status, version, body = frame("A")
    with pytest.raises(hamirror.RequestError, match="agent A is malformed"):
        merge.add_reply("A", status, version, body[:-1])
    with pytest.raises(ValueError, match="argument 'kind': 'tired' is none of"):
        merge.add_failure("A", "tired", "x")  # type: ignore[arg-type]
    merge.add_reply("A", status, version, body)
    merge.add_failure("B", "connect_failure", "refused")
    with pytest.raises(ValueError, match="argument 'completeness'"):
        merge.finish(completeness=0)
    (refused,) = merge.finish(completeness="all", return_exceptions=True)
    assert isinstance(refused, hamirror.UnansweredError)
    assert (refused.answered, refused.agents) == (1, 2)
