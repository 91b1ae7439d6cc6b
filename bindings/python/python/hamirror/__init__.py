"""Distributed searches over mirrored searchd agents, without a master.

A search cluster of Sphinx or Manticore daemons is sharded and mirrored:
``agent = box1:9312|box2:9312:shard2`` names mirrors that serve the same index. This package reads
such a configuration, asks all agents of a distributed index in parallel, picks one mirror of each
by its recent record, fails over, and merges the answers as a master does.

    import hamirror

    with hamirror.connect("sphinx.conf") as client:
        for row in client.search("dist", "hello world", select="title", limit=10):
            print(row.id, row.weight, row["title"])

A client may be used by any number of threads. Waiting releases the GIL, and Ctrl-C ends it.

Names that a program types are here. Records that it is handed are in `hamirror.types`, and those
of `Client.status` in `hamirror.status`.
"""

from collections.abc import Mapping as _Mapping

from . import status, types
from ._batch import Batch, PendingCommand, PendingReply, PendingSearch, PendingSearches, Upkeep
from ._config import Config
from ._connect import connect
from ._errors import (
    AgentsError,
    ConfigError,
    Error,
    LocalError,
    MergeError,
    MisuseError,
    NotFoundError,
    QueryError,
    RequestError,
    ResourceError,
    StatementError,
    TimedOutError,
    UnansweredError,
)
from ._merging import RawMerge
from ._native import Client, __version__, escape
from ._options import (
    CallOptions,
    ClientOptions,
    ExcerptOptions,
    QueryOptions,
    SearchOptions,
)
from ._queries import Filter, Grouping, Override, Ranker, Search, Sort
from ._requests import Reply, Request, Verdict
from ._results import Answer, Row, SearchResult, Session

# Written in Rust, a row can't inherit from it.
_Mapping.register(Row)

__all__ = [
    "AgentsError",
    "Answer",
    "Batch",
    "CallOptions",
    "Client",
    "ClientOptions",
    "Config",
    "ConfigError",
    "Error",
    "ExcerptOptions",
    "Filter",
    "Grouping",
    "LocalError",
    "MergeError",
    "MisuseError",
    "NotFoundError",
    "Override",
    "PendingCommand",
    "PendingReply",
    "PendingSearch",
    "PendingSearches",
    "QueryError",
    "QueryOptions",
    "Ranker",
    "RawMerge",
    "Reply",
    "Request",
    "RequestError",
    "ResourceError",
    "Row",
    "Search",
    "SearchOptions",
    "SearchResult",
    "Session",
    "Sort",
    "StatementError",
    "TimedOutError",
    "UnansweredError",
    "Upkeep",
    "Verdict",
    "__version__",
    "connect",
    "escape",
    "status",
    "types",
]
