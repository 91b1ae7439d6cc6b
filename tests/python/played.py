"""Replies of a searchd that a test plays: status and searches, put together from values."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from daemons import reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

KINDS = {"uint": 1, "timestamp": 2, "float": 5, "bigint": 6, "string": 7}


def mirror(
    *,
    documents: int,
    columns: Mapping[str, str],
    fields: Sequence[str] = ("title",),
    counters: Mapping[str, str] | None = None,
) -> Callable[[bytes], bytes]:
    """A function for a `Player`: answers pings, STATUS, and searches, these without any row."""

    def answer(body: bytes) -> bytes:
        if body == b"ping":
            return reply(body)
        if len(body) == 4:
            return reply(_status(counters or {"uptime": "1"}), version=0x101)
        return reply(_search(documents, fields, columns), version=0x11E)

    return answer


def _text(text: str) -> bytes:
    return struct.pack(">I", len(text.encode())) + text.encode()


def _status(counters: Mapping[str, str]) -> bytes:
    rows = (_text(key) + _text(value) for key, value in counters.items())
    return struct.pack(">II", len(counters), 2) + b"".join(rows)


def _search(documents: int, fields: Sequence[str], columns: Mapping[str, str]) -> bytes:
    attributes = (_text(name) + struct.pack(">I", KINDS[kind]) for name, kind in columns.items())
    return (
        struct.pack(">II", 0, len(fields))
        + b"".join(_text(field) for field in fields)
        + struct.pack(">I", len(columns))
        + b"".join(attributes)
        # No rows, ids of 64 bits, total, total found, milliseconds.
        + struct.pack(">5I", 0, 1, 0, documents, 0)
        # To masters alone: no statistics but documents, hits and skips; then the words.
        + struct.pack(">B4I", 0, 0, 0, 0, 0)
    )
