"""Histograms of times, in letters and as SVG."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from .health import milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterable

# Steps of buckets, in parts of a decade: the finest one that fits is taken.
_STEPS = (20, 10, 5, 2, 1)

_BUCKETS_MAX = 25

_LETTERS = "▏▎▍▌▋▊▉█"

# A time of less than a microsecond is none that a clock tells.
_SHORTEST_S = 1e-6


@dataclass(frozen=True, slots=True)
class Bucket:
    """Times from one bound to the next."""

    low_s: float
    """Shortest time."""
    high_s: float
    """First time beyond it."""
    count: int
    """Number of times within."""


def buckets(times_s: Iterable[float]) -> list[Bucket]:
    """Returns buckets from the shortest time to the longest, each wider by the same factor."""
    logs = [math.log10(max(time, _SHORTEST_S)) for time in times_s]
    if not logs:
        return []
    low, high = min(logs), max(logs)
    step = next(
        (step for step in _STEPS if _place(high, step) - _place(low, step) < _BUCKETS_MAX),
        _STEPS[-1],
    )
    first = _place(low, step)
    counts = [0] * (_place(high, step) - first + 1)
    for log in logs:
        counts[_place(log, step) - first] += 1
    bounds = [10 ** ((first + number) / step) for number in range(len(counts) + 1)]
    return [
        Bucket(bounds[number], bounds[number + 1], count) for number, count in enumerate(counts)
    ]


def _place(log: float, step: int) -> int:
    return math.floor(log * step)


def bars(histogram: list[Bucket], width: int) -> list[str]:
    """Returns a line for each bucket: its bounds in milliseconds, a bar, and its count."""
    most = max((bucket.count for bucket in histogram), default=0)
    return [
        f"{_bounds(bucket):>15} ms {_bar(bucket.count / most, width)} {bucket.count}"
        for bucket in histogram
    ]


def _bounds(bucket: Bucket) -> str:
    return f"{milliseconds(bucket.low_s)} - {milliseconds(bucket.high_s)}"


def _bar(share: float, width: int) -> str:
    eighths = math.ceil(share * width * len(_LETTERS))
    whole, rest = divmod(eighths, len(_LETTERS))
    return _LETTERS[-1] * whole + (_LETTERS[rest - 1] if rest else "")


_WIDTH = 720
_HEIGHT = 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 40, 48


def svg(histogram: list[Bucket], title: str, marks: dict[str, float]) -> str:
    """Returns the histogram as an SVG image, with a line at each mark (seconds by name)."""
    most = max((bucket.count for bucket in histogram), default=1)
    room = (_WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM)
    wide = room[0] / max(len(histogram), 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="11" fill="#333">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="16" font-size="13">{escape(title)}</text>',
    ]
    for number, bucket in enumerate(histogram):
        tall = room[1] * bucket.count / most
        x, y = _LEFT + number * wide, _TOP + room[1] - tall
        parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide * 0.94:.1f}" height="{tall:.1f}" '
            f'fill="#4a78b5"><title>{_bounds(bucket)} ms: {bucket.count}</title></rect>'
        )
        if number % max(len(histogram) // 8, 1) == 0:
            parts.append(_text(x, _HEIGHT - 28, milliseconds(bucket.low_s), "middle"))
    parts.append(_text(_LEFT + room[0] / 2, _HEIGHT - 8, "milliseconds", "middle"))
    parts.append(_text(_LEFT - 6, _TOP + 8, str(most), "end"))
    parts.append(_text(_LEFT - 6, _TOP + room[1], "0", "end"))
    if histogram:
        parts += _marks(histogram, marks, room)
    return "\n".join([*parts, "</svg>", ""])


def _marks(
    histogram: list[Bucket], marks: dict[str, float], room: tuple[int, int]
) -> Iterable[str]:
    low, high = (math.log(bound) for bound in (histogram[0].low_s, histogram[-1].high_s))
    for number, (name, time_s) in enumerate(marks.items()):
        share = (math.log(max(time_s, _SHORTEST_S)) - low) / (high - low)
        x = _LEFT + share * room[0]
        yield f'<path d="M{x:.1f} {_TOP}v{room[1]}" stroke="#b5482a" stroke-dasharray="3 3"/>'
        # Neighbours would lie over each other on one line.
        yield _text(x, _TOP - 3 - 10 * (number % 2), name, "middle")


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
