"""Every mirror of a configuration, asked for itself, and what those of one agent differ in."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import hamirror

if TYPE_CHECKING:
    from collections.abc import Callable

    from hamirror.types import AgentFailure


@dataclass(slots=True)
class Mirror:
    """One mirror, and what it answered."""

    id: str
    """Host, port and index list, as the configuration names them."""
    host: str
    """Name of its host."""
    addresses: tuple[str, ...] = ()
    """Addresses of its host."""
    ping_s: float | None = None
    """Time of a ping over a new connection, greeting included."""
    version: str | None = None
    """Version that the daemon tells in its status; Sphinx 2.2 tells none."""
    counters: tuple[str, ...] | None = None
    """Names of the counters in its status, by which builds differ that tell no version."""
    documents: int | None = None
    """Documents of its indexes."""
    fields: tuple[str, ...] | None = None
    """Full-text fields."""
    columns: tuple[tuple[str, str], ...] | None = None
    """Names and kinds of attributes."""
    errors: dict[str, str] = field(default_factory=dict)
    """What went wrong, by what was asked: `ping`, `status` or `search`."""

    @property
    def is_there(self) -> bool:
        """True if the mirror answered a search."""
        return self.documents is not None


@dataclass(slots=True)
class Agent:
    """The mirrors of one agent."""

    index: str
    """Distributed index of the agent."""
    number: int
    """Number of the agent in its index, from 0."""
    mirrors: list[Mirror]
    """In the order of the configuration."""

    @property
    def name(self) -> str:
        """Index and number."""
        return f"{self.index} agent {self.number}"

    def faults(self) -> list[str]:
        """Returns what is wrong with single mirrors, then what the others differ in."""
        faults = [
            f"{mirror.id}: {asked}: {text}"
            for mirror in self.mirrors
            for asked, text in mirror.errors.items()
        ]
        there = [mirror for mirror in self.mirrors if mirror.is_there]
        versions = _differences("versions", there, lambda mirror: mirror.version)
        faults += versions or _builds(there)
        faults += _differences("numbers of documents", there, lambda mirror: mirror.documents)
        faults += _differences("full-text fields", there, _fields)
        return faults + _schemas(there)


def _differences(what: str, mirrors: list[Mirror], value: Callable[[Mirror], object]) -> list[str]:
    """One line that tells whose value is which, unless all are equal."""
    values = {mirror.id: value(mirror) for mirror in mirrors}
    if len(set(values.values())) <= 1:
        return []
    told = "; ".join(f"{mirror} has {one}" for mirror, one in values.items())
    return [f"{what} differ: {told}"]


def _fields(mirror: Mirror) -> str:
    return ", ".join(mirror.fields or ())


def _builds(mirrors: list[Mirror]) -> list[str]:
    told = [mirror for mirror in mirrors if mirror.counters is not None]
    lines = []
    for other in told[1:]:
        more = set(other.counters or ()) ^ set(told[0].counters or ())
        if more:
            lines.append(
                f"versions differ: of {told[0].id} and {other.id} one alone counts "
                f"{', '.join(sorted(more))}"
            )
    return lines


def _schemas(mirrors: list[Mirror]) -> list[str]:
    """One line for each attribute that is not the same everywhere."""
    schemas = {mirror.id: dict(mirror.columns or ()) for mirror in mirrors}
    names = dict.fromkeys(name for schema in schemas.values() for name in schema)
    lines = []
    for name in names:
        kinds = {mirror: schema.get(name, "none") for mirror, schema in schemas.items()}
        if len(set(kinds.values())) > 1:
            told = "; ".join(f"{mirror} has {kind}" for mirror, kind in kinds.items())
            lines.append(f"attributes '{name}' differ: {told}")
    return lines


def agents(config: hamirror.Config) -> list[Agent]:
    """Returns the agents of a configuration, blackholes left out; nobody is asked."""
    with hamirror.Client(config, background=False) as client:
        return [
            Agent(
                agent.index,
                agent.number,
                [Mirror(mirror.id, mirror.host) for mirror in agent.mirrors],
            )
            for agent in client.status().agents
        ]


def ask(agents: list[Agent], timeout: float) -> None:
    """Asks every mirror for a ping, its counters and its documents, all mirrors at once."""
    mirrors = {
        f"mirror{number}": mirror
        for number, mirror in enumerate(mirror for agent in agents for mirror in agent.mirrors)
    }
    if not mirrors:
        return
    # Each mirror is the only one of an index of its own: nobody else can answer for it.
    config = hamirror.Config.build({name: {"agent": one.id} for name, one in mirrors.items()})
    limits: dict[str, Any] = {"connect_timeout": timeout, "query_timeout": timeout}
    with hamirror.Client(config, background=False) as client:
        _ping(client, mirrors, limits)
        _count(client, mirrors, limits)
        _search(client, mirrors, limits)
        hosts = {host.name: host for host in client.status().hosts}
        for mirror in mirrors.values():
            host = hosts[mirror.host]
            mirror.addresses = () if host.needs_lookup else host.addresses


def _ping(client: hamirror.Client, mirrors: dict[str, Mirror], limits: dict[str, Any]) -> None:
    request = hamirror.Request("ping", b"ping", access="read")
    with client.batch() as batch:
        begun = time.monotonic()
        for name in mirrors:
            batch.add_agent(name, 0, request, **limits)
        for ended in batch:
            try:
                assert isinstance(ended, hamirror.PendingReply)
                ended.result()
                mirrors[ended.index].ping_s = time.monotonic() - begun
            except hamirror.Error as error:
                mirrors[ended.index].errors["ping"] = _cause(error)


def _count(client: hamirror.Client, mirrors: dict[str, Mirror], limits: dict[str, Any]) -> None:
    there = [name for name, mirror in mirrors.items() if mirror.ping_s is not None]
    try:
        agents = client.daemon_status(", ".join(there), **limits).agents if there else ()
    except hamirror.AgentsError as error:
        for failure in error.failures:
            mirrors[failure.index].errors["status"] = _told(failure)
        return
    for agent in agents:
        mirror, (answer,) = mirrors[agent.index], agent.mirrors
        if answer.failure is not None:
            mirror.errors["status"] = _told(answer.failure)
        if answer.answer is not None:
            mirror.counters = tuple(key for key, _ in answer.answer)
            mirror.version = dict(answer.answer).get("version")


def _search(client: hamirror.Client, mirrors: dict[str, Mirror], limits: dict[str, Any]) -> None:
    with client.batch() as batch:
        for name, mirror in mirrors.items():
            if mirror.ping_s is not None:
                batch.add_search(name, "", limit=1, max_matches=1, **limits)
        for ended in batch:
            assert isinstance(ended, hamirror.PendingSearch)
            mirror = mirrors[ended.index]
            try:
                result = ended.result()
            except hamirror.Error as error:
                mirror.errors["search"] = _cause(error)
                continue
            mirror.documents = result.total_found
            mirror.fields = result.fields
            mirror.columns = tuple((column.name, column.kind) for column in result.columns)
            if result.warning:
                mirror.errors["search"] = result.warning


def _cause(error: hamirror.Error) -> str:
    """What an agent failed by, or else the error itself, in words."""
    if isinstance(error, hamirror.AgentsError) and error.failures:
        return _told(error.failures[0])
    return str(error)


def _told(failure: AgentFailure) -> str:
    """The last attempt's fault, without the names that stand beside it."""
    if failure.query_error:
        return failure.query_error
    if not failure.attempts:
        return failure.text
    attempt = failure.attempts[-1]
    return f"{attempt.text} ({attempt.phase}, {attempt.elapsed_s * 1e3:.0f} ms)"
