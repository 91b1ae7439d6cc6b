"""Latencies and failures of each host over the last moments, for lines of a few letters."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .health import failures

if TYPE_CHECKING:
    from hamirror.status import Status

_BARS = "▁▂▃▄▅▆▇█"

# In the place of a bar where a query failed.
FAILED = "✗"

# Where none ended.
QUIET = " "


@dataclass(frozen=True, slots=True)
class Moment:
    """What ended at a host between two looks."""

    mean_s: float | None
    """Mean time of queries that were answered; None without any."""
    failures: int
    """Queries that failed."""


@dataclass(slots=True)
class _Seen:
    count: int
    sum_s: float
    errors: int
    moments: deque[Moment]


@dataclass(slots=True)
class History:
    """Moments of each host, the oldest ones forgotten."""

    width: int
    """Moments that are kept."""
    _seen: dict[str, _Seen] = field(default_factory=dict)

    def add(self, status: Status) -> None:
        """Takes what ended since the last look."""
        for host in status.hosts:
            latencies = host.latencies_since_start
            errors = sum(failures(host).values())
            now = _Seen(latencies.count, latencies.sum_s, errors, deque(maxlen=self.width))
            last = self._seen.get(host.name)
            if last is not None:
                now.moments = last.moments
                count = now.count - last.count
                mean = (now.sum_s - last.sum_s) / count if count > 0 else None
                now.moments.append(Moment(mean, now.errors - last.errors))
            self._seen[host.name] = now

    def moments(self, host: str) -> tuple[Moment, ...]:
        """Returns the moments of a host, oldest first."""
        return tuple(self._seen[host].moments) if host in self._seen else ()

    def scale_s(self) -> float:
        """Returns the longest mean of all hosts, which all lines share; 0 without any."""
        return max(
            (
                moment.mean_s
                for seen in self._seen.values()
                for moment in seen.moments
                if moment.mean_s is not None
            ),
            default=0.0,
        )


def sparkline(moments: tuple[Moment, ...], scale_s: float) -> str:
    """Returns a letter for each moment: a bar up to the scale, a cross for failures, a blank."""
    return "".join(_letter(moment, scale_s) for moment in moments)


def _letter(moment: Moment, scale_s: float) -> str:
    if moment.failures > 0:
        return FAILED
    if moment.mean_s is None:
        return QUIET
    share = moment.mean_s / scale_s if scale_s > 0 else 0.0
    return _BARS[min(int(share * len(_BARS)), len(_BARS) - 1)]
