"""Columns of results: Arrow's own interface, pyarrow, pandas, Polars and NumPy."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import hamirror
from daemons import CAPTURES, REPOSITORY, Player

if TYPE_CHECKING:
    from daemons import Cluster

ALL_ATTRIBUTES = (CAPTURES / "search_allattrs_master14_11F.rep.bin").read_bytes()
ALL_TYPES = {
    "id": "uint64",
    "weight": "int32",
    "gid": "uint32",
    "ts": "timestamp[s, tz=UTC]",
    "flag": "bool",
    "fl": "float",
    "big": "int64",
    "mv": "large_list<item: uint32>",
    "mv64": "large_list<item: int64>",
    "str": "large_string",
    "js": "large_string",
    "title_len": "uint32",
    "body_len": "uint32",
}


def library(name: str) -> Any:
    return pytest.importorskip(name)


def played(reply: bytes = ALL_ATTRIBUTES) -> hamirror.SearchResult:
    """A result with values of every type, and no value where a document has no JSON."""
    with Player(reply) as player, hamirror.Client(player.config()) as client:
        return client.search("played", "hello")


def rows(result: hamirror.SearchResult) -> list[dict[str, Any]]:
    """Rows with what data frames have before them; times are seconds."""
    return [{"id": row.id, "weight": row.weight, **row} for row in result]


def seconds(table: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "ts": int(row["ts"].timestamp())} for row in table]


def test_a_table_of_pyarrow_has_the_values_of_the_rows() -> None:
    pyarrow = library("pyarrow")
    result = played()
    table = result.to_arrow()
    assert {field.name: str(field.type) for field in table.schema} == ALL_TYPES
    assert seconds(table.to_pylist()) == rows(result)
    assert [row["js"] for row in table.to_pylist()][-1] is None
    table.validate(full=True)
    # One batch, an array of structures, and a schema are the same columns.
    assert pyarrow.record_batch(result).to_pylist() == table.to_pylist()
    assert pyarrow.RecordBatchReader.from_stream(result).read_all().equals(table)
    assert pyarrow.schema(result) == table.schema
    capsules = result.__arrow_c_array__()
    del result
    assert pyarrow.array(Capsules(capsules)).to_pylist() == table.to_pylist()


class Capsules:
    """What hands out capsules that were made before."""

    def __init__(self, capsules: tuple[Any, ...]) -> None:
        self._capsules = capsules

    def __arrow_c_array__(self, requested_schema: Any = None) -> tuple[Any, ...]:
        return self._capsules


def test_a_pickled_result_has_the_same_columns() -> None:
    library("pyarrow")
    result = played()
    again = pickle.loads(pickle.dumps(result))
    assert again.to_arrow().equals(result.to_arrow())


def test_a_frame_of_pandas_and_one_of_polars() -> None:
    pandas, polars, _ = library("pandas"), library("polars"), library("pyarrow")
    result = played()
    frame = result.to_pandas()
    assert list(frame.columns) == list(ALL_TYPES)
    assert frame["big"].tolist() == [row["big"] for row in result]
    assert str(frame["ts"].dtype) == "datetime64[s, UTC]"
    assert frame["mv64"][0].tolist() == result[0]["mv64"]
    kept = result.to_pandas(types_mapper=pandas.ArrowDtype)
    assert kept["js"].isna().tolist() == [row["js"] is None for row in result]
    table = result.to_polars()
    assert isinstance(table, polars.DataFrame)
    assert seconds(table.to_dicts()) == rows(result)


def test_arrays_of_numpy_lie_over_the_columns() -> None:
    numpy = library("numpy")
    result = played()
    arrays = result.to_numpy()
    assert list(arrays) == list(ALL_TYPES)
    for name in ("id", "weight", "gid", "flag", "fl", "big", "title_len", "str", "js"):
        assert arrays[name].tolist() == [row[name] for row in rows(result)]
    assert arrays["ts"].dtype == "datetime64[s]"
    assert arrays["ts"].astype("int64").tolist() == [row["ts"] for row in result]
    for name, dtype in (("mv", "uint32"), ("mv64", "int64")):
        assert {one.dtype for one in arrays[name]} == {numpy.dtype(dtype)}
        assert [one.tolist() for one in arrays[name]] == [row[name] for row in result]
    with pytest.raises(ValueError, match="read-only"):
        arrays["gid"][0] = 1


def test_texts_that_are_no_utf8_stay_bytes() -> None:
    library("pyarrow")
    assert ALL_ATTRIBUTES.count(b"alpha") == 1
    result = played(ALL_ATTRIBUTES.replace(b"alpha", b"alph\xff"))
    table = result.to_arrow()
    assert str(table.schema.field("str").type) == "large_binary"
    assert table["str"].to_pylist() == [b"alph\xff", b"beta", b"gamma"]
    assert result[0]["str"] == "alph\udcff"
    assert pickle.loads(pickle.dumps(result)).to_arrow().equals(table)


def test_columns_of_real_daemons(client: hamirror.Client, cluster: Cluster) -> None:
    library("pyarrow")
    columns = "*, facts.small tiny, weight() w, size*0.5 half"
    result = client.search(cluster.index, "", select=columns, limit=1000, max_matches=1000)
    assert len(result) == 1000
    table = result.to_arrow()
    table.validate(full=True)
    names = [column.name for column in result.columns]
    leading = [name for name in ("id", "weight") if name not in names]
    assert table.column_names == leading + names
    for column in result.columns:
        values = table[column.name].to_pylist()
        if column.kind == "timestamp":
            values = [int(value.timestamp()) for value in values]
        assert values == [row[column.name] for row in result], column
    assert table.slice(0, 3).to_pylist()
    nothing = client.search(cluster.index, "nosuchword").to_arrow()
    assert (nothing.num_rows, nothing.schema.names[:1]) == (0, ["id"])


def test_columns_of_an_answer(client: hamirror.Client, cluster: Cluster) -> None:
    library("pyarrow")
    statement = f"SELECT id, name, facts.small s FROM {cluster.index} WHERE MATCH('library')"
    answer, meta = client.execute(f"{statement}; SHOW META")
    assert [tuple(row.values()) for row in answer.to_arrow().to_pylist()] == list(answer)
    assert answer.to_numpy()["name"].tolist() == [row[1] for row in answer]
    assert answer.to_pandas()["id"].tolist() == [row[0] for row in answer]
    told = [tuple(row.values()) for row in meta.to_arrow().to_pylist()]
    assert told == list(meta)


def test_the_readmes_frame_is_made(
    client: hamirror.Client, cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    library("pandas")
    library("pyarrow")
    readme = (REPOSITORY / "bindings/python/README.md").read_text()
    (block,) = (
        block for block in readme.split("```python\n")[1:] if "frame = " in block.split("```")[0]
    )
    exec(block.split("```")[0], {"client": client})
    printed = capsys.readouterr().out
    sections = {
        row["section"]
        for row in client.search(cluster.index, "library", select="section", limit=1000)
    }
    assert sections
    assert all(section in printed for section in sections)


WITHOUT = """
import sys
for name in ("numpy", "pandas", "polars", "pyarrow"):
    sys.modules[name] = None
sys.path.insert(0, sys.argv[1])
from test_columns import played
result = played()
assert len(result.__arrow_c_stream__.__doc__) > 10
for name in ("numpy", "pandas", "polars", "arrow"):
    try:
        getattr(result, "to_" + name)()
    except ImportError as error:
        assert "arrow" in str(error) or name in str(error), error
    else:
        raise SystemError(name)
assert result.__arrow_c_stream__() and len(result.__arrow_c_array__()) == 2
"""


def test_no_library_is_needed_until_it_is_asked_for() -> None:
    folder = str(CAPTURES.parents[2] / "tests/python")
    subprocess.run([sys.executable, "-B", "-c", WITHOUT, folder], check=True)
