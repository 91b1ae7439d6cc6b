"""Statements of SphinxQL over real daemons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import hamirror

if TYPE_CHECKING:
    from daemons import Cluster


def test_a_statement_is_answered_with_rows(client: hamirror.Client, cluster: Cluster) -> None:
    text = f"SELECT id, name, size FROM {cluster.index} WHERE MATCH(?) AND size > ? LIMIT ?"
    (answer,) = client.execute(text, ["library", 1000, 5])
    expected = client.search(
        cluster.index,
        "library",
        select="name, size",
        filters=[hamirror.Filter.range("size", 1001, 2**63 - 1)],
        sort=hamirror.Sort.extended("@weight desc"),
        limit=5,
    )
    assert list(answer) == [(row.id, row["name"], row["size"]) for row in expected]
    assert len(answer) == 5
    assert answer[-1] == answer[4:][0]
    assert [(column.name, column.kind) for column in answer.columns] == [
        ("id", "uint64"),
        ("name", "string"),
        ("size", "bigint"),
    ]
    assert (answer.total, answer.total_found) == (expected.total, expected.total_found)
    assert (answer.agents_answered, answer.agents, answer.failures) == (2, 2, ())
    assert answer.warning is None
    with pytest.raises(IndexError):
        answer[5]
    assert repr(answer) == "<hamirror.Answer rows=5 columns=3>"


def test_values_are_bound_by_name_and_never_read(
    client: hamirror.Client, cluster: Cluster
) -> None:
    text = f"SELECT id FROM {cluster.index} WHERE id IN %(ids)s AND section != :text"
    hostile = "') OR 1=1 -- \\"
    (answer,) = client.execute(text, {"ids": (1, 2, 2**64 - 1), "text": hostile})
    assert sorted(answer) == [(1,), (2,)]
    for wrong, message in (
        ("one text", "one text is no list"),
        (5, "a sequence or a mapping"),
        ([None], "NoneType is no value"),
        ([2**64], "int is no value"),
    ):
        with pytest.raises(TypeError, match=message):
            client.execute("SHOW META LIKE ?", wrong)  # type: ignore[arg-type]


def test_a_session_remembers_its_last_search(client: hamirror.Client, cluster: Cluster) -> None:
    session = client.session()
    search, meta = session.execute(
        f"SELECT * FROM {cluster.index} WHERE MATCH('library'); SHOW META LIKE 'total_found'"
    )
    assert list(meta) == [("total_found", str(search.total_found))]
    assert search.columns[0].name == "id"
    ((_, word), *_) = session.execute("SHOW META LIKE 'keyword%'")[0]
    assert word == "library"
    assert list(session.execute("SHOW WARNINGS")[0]) == []
    assert meta.total_found is None
    assert list(client.execute("SHOW TABLES")[0]) == [(cluster.index, "distributed")]


def test_what_is_no_statement_is_told_with_its_place(client: hamirror.Client) -> None:
    with pytest.raises(hamirror.StatementError) as caught:
        client.execute("SELECT id FROM d WHERE a = 1 OR b = 2")
    assert isinstance(caught.value, (hamirror.RequestError, ValueError))
    diagnostic = caught.value.diagnostic
    assert diagnostic is not None
    assert (diagnostic.line, diagnostic.column, diagnostic.text) == (1, 30, "OR")
    assert str(caught.value).endswith("^")
    with pytest.raises(hamirror.StatementError, match="INSERT can't be run here"):
        client.execute("INSERT INTO d VALUES (1)")
    with pytest.raises(hamirror.NotFoundError):
        client.execute("SELECT id FROM nosuch")
