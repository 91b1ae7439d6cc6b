"""What is known of each mirror, as lines for people; `status` and `top` share it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hamirror.status import AgentStatus, HostStatus, Latencies, MirrorStatus, Status

# Counters of what went well, or was nobody's fault.
_NO_FAILURES = ("succeeded_queries", "warnings", "overtaken", "local_failures")

# In place of the kind of the last failure, for whoever is dead.
_STATES = {
    "connect_failure": "refused",
    "connect_timeout": "unreachable",
    "query_timeout": "silent",
    "network_error": "cut off",
    "unexpected_closing": "cut off",
    "wrong_reply": "malformed",
    "remote_error": "in error",
    "remote_retry": "busy",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One mirror of one agent, and what is known of its host."""

    agent: AgentStatus
    """Agent of the mirror."""
    mirror: MirrorStatus
    """The mirror's part of the agent."""
    host: HostStatus
    """Host of the mirror."""

    @property
    def latencies(self) -> Latencies:
        """Times of queries since the start of the client."""
        return self.host.latencies_since_start

    @property
    def failures(self) -> dict[str, int]:
        """Failures by kind, those that happened."""
        return failures(self.host)

    @property
    def state(self) -> str:
        """One word for the state: that of the host, or what a dead one died of."""
        if self.host.is_living:
            return "living" if self.host.errors_in_row == 0 else "failing"
        kind = self.host.last_failure.kind if self.host.last_failure else ""
        return _STATES.get(kind, "dead")

    @property
    def story(self) -> str:
        """State, since when, and what comes next, in one line."""
        host = self.host
        parts = [f"{self.state} since {age(host.state_for_s)}"]
        if self.state == "failing":
            parts = ["failing"]
        if host.errors_in_row > 0:
            failures = "1 failure" if host.errors_in_row == 1 else f"{host.errors_in_row} failures"
            parts.append(f"{failures} in a row")
        if host.state == "on_trial":
            parts.append("on trial now")
        elif host.next_trial_s is not None:
            due = host.next_trial_s <= 0
            parts.append("trial due" if due else f"next trial in {age(host.next_trial_s)}")
        return ", ".join(parts)

    @property
    def last_error(self) -> str:
        """The last failure with its phase and age; empty if there was none."""
        failure, ago = self.host.last_failure, self.host.last_failure_s
        if failure is None or ago is None:
            return ""
        return f"{failure.phase}: {failure.text}, {age(ago)} ago"


def failures(host: HostStatus) -> dict[str, int]:
    """Returns the failures of a host by kind, those that happened."""
    return failed(host.since_start.counters)


def failed(counters: dict[str, int]) -> dict[str, int]:
    """Returns those counters that count failures, and counted any."""
    return {kind: n for kind, n in counters.items() if n > 0 and kind not in _NO_FAILURES}


def lines(status: Status) -> list[Line]:
    """Returns a line for each mirror of each agent, blackholes left out."""
    hosts = {host.name: host for host in status.hosts}
    return [
        Line(agent, mirror, hosts[mirror.host])
        for agent in status.agents
        for mirror in agent.mirrors
    ]


def unserved(status: Status) -> list[AgentStatus]:
    """Returns the agents that have no living mirror."""
    living = {host.name for host in status.hosts if host.is_living}
    return [
        agent
        for agent in status.agents
        if not any(mirror.host in living for mirror in agent.mirrors)
    ]


def age(seconds: float) -> str:
    """Returns a time in its two largest units at most, such as `0.3 s` or `3 min 20 s`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for unit, size, part, part_size in (
        ("d", 86_400, "h", 3_600),
        ("h", 3_600, "min", 60),
        ("min", 60, "s", 1),
    ):
        if whole >= size:
            rest = whole % size // part_size
            return f"{whole // size} {unit}" + (f" {rest} {part}" if rest else "")
    return f"{whole} s"


def milliseconds(seconds: float | None) -> str:
    """Returns a time in milliseconds with three digits; `-` where there is none."""
    if seconds is None:
        return "-"
    value = seconds * 1e3
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"
