"""Records of `Client.status`: what is known of hosts, agents and indexes.

`shared` has those of all processes that `connect(..., status_socket=path)` tells of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .types import AttemptFailure

if TYPE_CHECKING:
    import os


@dataclass(frozen=True, slots=True)
class Window:
    """Counters of a host over some time."""

    counters: dict[str, int]
    """Outcomes by the names of `SHOW AGENT STATUS`, and some of the library's own."""
    mean_latency_s: float | None
    """Mean time of a query, pings left out; `None` without a query."""
    connect_count: int
    """Connections made."""
    connect_mean_s: float | None
    """Mean time to connect; `None` without a connection."""
    connect_max_s: float | None
    """Longest time to connect; `None` without a connection."""


@dataclass(frozen=True, slots=True)
class Latencies:
    """Times that queries took, pings left out; `None` without a query."""

    count: int
    """Queries."""
    sum_s: float
    """Total time."""
    p50_s: float | None
    """Median, as all parts off by a sixteenth or 2 us at most."""
    p90_s: float | None
    """Nine of ten queries were at most this slow."""
    p99_s: float | None
    """All but one of a hundred queries were at most this slow."""
    max_s: float | None
    """The longest time, exact to the microsecond."""


@dataclass(frozen=True, slots=True)
class HostStatus:
    """What is known of one host."""

    name: str
    """Name in the configuration."""
    references: int
    """Mirrors that name it."""
    is_living: bool
    """True if the host gets queries; a dead one gets a trial now and then."""
    dead_for_s: float | None
    """Time since the host was found dead."""
    state: Literal["living", "dead", "on_trial"]
    """`dead`: it gets none until its next trial; `on_trial`: that is under way."""
    state_for_s: float
    """Time that the host has been living or dead; from the start, if it was never anything
    else."""
    next_trial_s: float | None
    """Time until a dead host may get its next trial, 0 if that is due; `None` while it is living
    or on trial."""
    errors_in_row: int
    """Failures since its last success."""
    last_query_s: float | None
    """Since the start of its last query or ping."""
    last_answer_s: float | None
    """Since the end of its last query or ping."""
    last_period_s: float
    """From the start of the last query to the last end."""
    is_pinged: bool
    """True if the host is pinged while idle."""
    ping_trip_s: float | None
    """Time that the last answered ping took."""
    keeps_connections: bool
    """Some agent keeps its connections to it."""
    kept_connections: int
    """Kept connections, idle and in use."""
    busy_connections: int
    """Kept connections in use."""
    in_flight: int
    """Attempts and pings under way."""
    addresses: tuple[str, ...]
    """Addresses in use, or why there are none."""
    needs_lookup: bool
    """True if the name has to be looked up before anything can be sent."""
    last_failure: AttemptFailure | None
    """The last failure."""
    last_failure_s: float | None
    """Since then."""
    windows: tuple[Window, Window, Window]
    """Counters of the last 1, 5 and 15 periods."""
    since_start: Window
    """Counters since the client was made."""
    latencies: tuple[Latencies, Latencies, Latencies]
    """Times that queries of the last 1, 5 and 15 periods took."""
    latencies_since_start: Latencies
    """Times that all queries since the client was made took."""


@dataclass(frozen=True, slots=True)
class MirrorStatus:
    """One mirror's part of its agent."""

    id: str
    """`host:port:index list`."""
    host: str
    """Name of its host."""
    weight: float
    """Weight by latency in percent."""
    share: float
    """Percent of the next queries."""
    since_start: Window
    """Counters since the client was made of what this mirror was asked, pings left out."""


@dataclass(frozen=True, slots=True)
class AgentStatus:
    """What is known of the mirrors of one agent."""

    index: str
    """Distributed index of the agent."""
    number: int
    """Position in the index, from 0."""
    strategy: str
    """`ha_strategy`."""
    is_blackhole: bool
    """True if the agent is sent to and never waited for."""
    is_persistent: bool
    """Connections are kept after use."""
    unanswered: int
    """Requests since the client was made that none of its mirrors answered, errors of the query
    and calls that the program took back left out."""
    mirrors: tuple[MirrorStatus, ...]
    """Mirrors of the agent in order."""


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """A distributed index."""

    name: str
    """Name in the configuration."""
    locals: tuple[str, ...]
    """Local indexes that only a daemon or the program itself can search."""


@dataclass(frozen=True, slots=True)
class Status:
    """A picture of all hosts at one time."""

    period_s: float
    """`ha_period_karma`."""
    hosts: tuple[HostStatus, ...]
    """Hosts in the order in which the configuration names them first."""
    indexes: tuple[IndexStatus, ...]
    """Distributed indexes by name."""
    agents: tuple[AgentStatus, ...]
    """Agents in the order of their indexes, blackholes left out."""
    blackholes: tuple[AgentStatus, ...]
    """Blackholes in the order of their indexes."""
    agent_connects: int
    """Connections to agents that were begun, pings included."""
    agent_retries: int
    """Attempts of calls beyond the first of each."""
    dist_queries: int
    """Requests to the agents of an index."""
    blackhole_drops: int
    """Requests to blackholes that were not sent."""
    rows: tuple[tuple[str, str], ...]
    """Keys and values as `SHOW AGENT STATUS` of searchd 2.2.11 prints them."""


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """What one client of one process knows."""

    pid: int
    """Number of the process."""
    program: str
    """Name of the program: `sys.argv[0]` there."""
    age_s: float
    """Time since the client was made, or since its process was forked."""
    status: Status
    """The record of every host, as that client has it."""


@dataclass(frozen=True, slots=True)
class SharedHost:
    """What the clients of several processes know of one host."""

    name: str
    """Name in their configurations."""
    clients: int
    """Clients that ask it."""
    living: int
    """Clients for which it lives; it is dead for the others."""
    dead_for_s: float | None
    """Longest time since one of them found it dead; `None` if it lives for all."""
    errors_in_row: int
    """Failures since its last success, of the client that has most."""
    in_flight: int
    """Attempts and pings under way, of all clients."""
    counters: dict[str, int]
    """Outcomes by the names of `Window.counters` since the clients were made, of all clients."""
    last_failure: AttemptFailure | None
    """The last failure that a client has seen."""
    last_failure_s: float | None
    """Since then."""


@dataclass(frozen=True, slots=True)
class SharedAgent:
    """What the clients of several processes know of the mirrors of one agent."""

    index: str
    """Distributed index of the agent."""
    number: int
    """Position in the index, from 0."""
    clients: int
    """Clients that ask it."""
    without_living_mirror: int
    """Clients for which none of its mirrors lives."""
    unanswered: int
    """Requests that none of its mirrors answered, of all clients."""


@dataclass(frozen=True, slots=True)
class SharedStatus:
    """What the clients of several processes know, each for itself and all together."""

    processes: tuple[ProcessStatus, ...]
    """Clients that answered, by the number of their process."""
    silent: tuple[int, ...]
    """Numbers of processes with a client that gave no answer in time, as one that is stopped."""
    hosts: tuple[SharedHost, ...]
    """Hosts by name."""
    agents: tuple[SharedAgent, ...]
    """Agents by index and number, blackholes left out."""
    unreadable: tuple[int, ...] = ()
    """Numbers of processes whose record is of another version of the library, cut off, or too
    long."""


def shared(path: str | os.PathLike[str], *, timeout: float = 1.0) -> SharedStatus:
    """Asks all clients of this user with that `status_socket` what they know, on this machine.

    Parameters
    ----------
    path : path
        The `status_socket` that they were made with.
    timeout : float, default 1.0
        Seconds after which those that have not answered are left out, and told as `silent`.

    Returns
    -------
    SharedStatus
        Empty if there is no such client.

    Raises
    ------
    OSError
        The folder of the sockets can't be read, or there are no descriptors left.
    """
    from ._shared import read

    return read(path, timeout)
