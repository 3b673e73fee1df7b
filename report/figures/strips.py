"""One row of time each: when an alert fired, when a source was silent."""

from collections.abc import Sequence
from dataclasses import dataclass

from report.figures.lines import Band
from report.figures.scale import RIGHT, WIDTH, Axis, Tick, mark_times
from report.period import Period, utc

TOP, ROW, GAP, BOTTOM = 2, 15, 6, 18
SIDE = 204
THINNEST = 2.0


@dataclass(frozen=True)
class Strip:
    """A named row."""

    name: str
    y: float
    bands: list[Band]


@dataclass(frozen=True)
class Strips:
    """All rows over one time axis."""

    height: float
    bottom: float
    times: list[Tick]
    strips: list[Strip]


@dataclass(frozen=True)
class Stretch:
    """From when to when something was in a state."""

    span: Period
    style: str
    title: str


def draw_strips(rows: Sequence[tuple[str, Sequence[Stretch]]], period: Period) -> Strips:
    """The named rows; stretches are cut to the period, the shortest can still be seen."""
    across = Axis(period.start, period.end, SIDE, WIDTH - RIGHT)
    bottom = TOP + len(rows) * (ROW + GAP)
    strips = []
    for number, (name, stretches) in enumerate(rows):
        bands = [band for stretch in stretches if (band := _band(stretch, period, across))]
        strips.append(Strip(name, TOP + number * (ROW + GAP), bands))
    return Strips(bottom + BOTTOM, bottom, mark_times(period, across), strips)


def _band(stretch: Stretch, period: Period, across: Axis) -> Band | None:
    inside = period.clip(stretch.span.start, stretch.span.end)
    if inside is None:
        return None
    x, width = across(inside.start), max(across(inside.end) - across(inside.start), THINNEST)
    when = f"{utc(stretch.span.start):%a %d %b %H:%M}"
    return Band(min(x, across.end - width), round(width, 1), stretch.style, f"{when}: {stretch.title}")
