"""Columns of results for NumPy, pandas, pyarrow and Polars, each imported when it is asked for."""

from __future__ import annotations

import itertools
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._native import _buffers

if TYPE_CHECKING:
    from typing import TypeAlias

    from ._results import Answer, SearchResult

    _Table: TypeAlias = SearchResult | Answer


def to_numpy(table: _Table) -> dict[str, Any]:
    """Lays an array over the bytes of each column."""
    numpy: Any = import_module("numpy")
    arrays = {}
    for name, dtype, values, mask in _buffers(table):
        if isinstance(values, bytes):
            array = numpy.frombuffer(values, dtype=dtype)
            if mask is not None:
                gaps = numpy.frombuffer(mask, dtype="bool")
                array = numpy.ma.MaskedArray(array, mask=gaps)
        else:
            if isinstance(values, tuple):
                values = _sets(numpy, dtype, *values, mask)
            # Of sets of one length, `array` would make two dimensions.
            array = numpy.fromiter(values, dtype=object, count=len(values))
        arrays[name] = array
    return arrays


def to_arrow(table: _Table) -> Any:
    """Has pyarrow read the table's stream."""
    pyarrow: Any = import_module("pyarrow")
    return pyarrow.table(table)


def to_pandas(table: _Table, **options: Any) -> Any:
    """Has pyarrow make a data frame."""
    return to_arrow(table).to_pandas(**options)


def to_polars(table: _Table) -> Any:
    """Has Polars read the table's stream."""
    polars: Any = import_module("polars")
    return polars.DataFrame(table)


def _sets(numpy: Any, dtype: str, flat: bytes, ends: bytes, mask: bytes | None) -> list[Any]:
    """An array for each set, laid over the bytes of all of them; None where there is none."""
    numbers = numpy.frombuffer(flat, dtype=dtype)
    places = numpy.frombuffer(ends, dtype="int64").tolist()
    sets = [numbers[start:end] for start, end in itertools.pairwise(places)]
    if mask is None:
        return sets
    return [None if gap else one for one, gap in zip(sets, mask, strict=True)]
