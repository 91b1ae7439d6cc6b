"""Plain facts that the package hands out: frozen, comparable, printable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault or oddity of a configuration, with its place."""

    file: str
    """File, or the name that the caller gave the text."""
    line: int
    """From 1; 0 where a program set the value, or where the whole file is meant."""
    column: int
    """In characters from 1; 0 where the whole file is meant."""
    text: str
    """The offending text."""
    expected: str
    """What was expected there."""


@dataclass(frozen=True, slots=True)
class AttemptFailure:
    """One failed attempt on one mirror."""

    host: str
    """The mirror's host, as the configuration names it."""
    kind: str
    """How it failed: the counter of `SHOW AGENT STATUS` that it went into, in the singular, such
    as `query_timeout`, `connect_failure`, `wrong_reply`."""
    phase: Literal["resolve", "connect", "handshake", "send", "wait", "read"]
    """What was under way when it failed."""
    text: str
    """The fault in words."""
    elapsed_s: float
    """From the start of the attempt to its failure."""


@dataclass(frozen=True, slots=True)
class AgentFailure:
    """Why one agent gave no answer."""

    index: str
    """Distributed index that the agent belongs to."""
    agent: int
    """Number of the agent in its index, from 0."""
    attempts: tuple[AttemptFailure, ...]
    """Every failed attempt, oldest first."""
    query_error: str | None
    """Text of the error that two mirrors gave alike: the query is at fault, no mirror."""
    deadline_passed: bool
    """The deadline ended the call."""
    cancelled: bool
    """The caller took the call back."""
    text: str
    """All of it in one line."""

    def __str__(self) -> str:
        """All of it in one line."""
        return self.text


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a result."""

    name: str
    """Its alias or expression."""
    kind: str
    """Type of its values on the wire, such as `uint`, `bigint`, `float`, `string`, `multi`,
    `json`; a value may be `None` nevertheless."""


@dataclass(frozen=True, slots=True)
class Word:
    """Statistics of a query word over all agents."""

    word: str
    """The word as the daemons looked it up."""
    docs: int
    """Documents that have it; one on two agents counts twice."""
    hits: int
    """How often they have it."""


@dataclass(frozen=True, slots=True)
class Window:
    """Counters of a host over some time."""

    counters: dict[str, int]
    """Outcomes by the names of `SHOW AGENT STATUS`, and some of the library's own."""
    mean_latency_s: float | None
    """Mean time of a query, pings left out; `None` without a query."""
    connect_count: int
    """Connections made."""
    connect_us_mean: int
    """Mean time to connect in microseconds, 0 without a connection."""
    connect_us_max: int
    """Longest time to connect in microseconds."""


@dataclass(frozen=True, slots=True)
class HostStatus:
    """What is known of one host."""

    name: str
    """Name in the configuration."""
    references: int
    """Mirrors that name it."""
    is_living: bool
    """It gets queries; a dead one gets a trial now and then."""
    dead_for_s: float | None
    """How long it has been dead."""
    errors_in_row: int
    """Failures since its last success."""
    last_query_s: float | None
    """Since the start of its last query or ping."""
    last_answer_s: float | None
    """Since the end of its last query or ping."""
    last_period_s: float
    """From the start of the last query to the last end."""
    kept_connections: int
    """Kept connections, idle and in use."""
    addresses: tuple[str, ...]
    """Addresses in use, or why there are none."""
    last_failure: AttemptFailure | None
    """The last failure."""
    last_failure_s: float | None
    """Since then."""
    windows: tuple[Window, Window, Window]
    """Counters of the last 1, 5 and 15 periods."""
    since_start: Window
    """Counters since the client was made."""


@dataclass(frozen=True, slots=True)
class MirrorStatus:
    """One mirror's part of its agent."""

    id: str
    """`host:port:index list`."""
    weight: float
    """Weight by latency in percent."""
    share: float
    """Percent of the next queries."""


@dataclass(frozen=True, slots=True)
class AgentStatus:
    """What is known of the mirrors of one agent."""

    index: str
    """Its distributed index."""
    number: int
    """Position in the index, from 0."""
    strategy: str
    """`ha_strategy`."""
    mirrors: tuple[MirrorStatus, ...]
    """Its mirrors in order."""


@dataclass(frozen=True, slots=True)
class Status:
    """A picture of all hosts at one time."""

    period_s: float
    """`ha_period_karma`."""
    hosts: tuple[HostStatus, ...]
    """Hosts in the order in which the configuration names them first."""
    agents: tuple[AgentStatus, ...]
    """Agents in the order of their indexes."""
    blackhole_drops: int
    """Requests to blackholes that were not sent."""
    rows: tuple[tuple[str, str], ...]
    """Keys and values as `SHOW AGENT STATUS` of searchd 2.2.11 prints them."""
