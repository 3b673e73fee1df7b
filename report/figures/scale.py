"""Axes: where a value or a moment is, and which ones are marked."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from report.period import Period, utc

WIDTH = 760
LEFT, RIGHT = 48, 8
_MARKS = (
    60,
    120,
    300,
    600,
    900,
    1_800,
    3_600,
    7_200,
    10_800,
    21_600,
    43_200,
    86_400,
    172_800,
    604_800,
    1_209_600,
)
_MOST_TIMES, _MOST_VALUES = 8, 4
_DAY = 86_400
_EDGE = 26


@dataclass(frozen=True)
class Tick:
    """A mark at `at`, with its text."""

    at: float
    text: str


@dataclass(frozen=True)
class Axis:
    """Takes `low`–`high` to `start`–`end`; what lies beyond stays beyond."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The place of a value."""
        return round(self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start), 1)


def time_axis(period: Period) -> Axis:
    """The horizontal axis that all plots share."""
    return Axis(period.start, period.end, LEFT, WIDTH - RIGHT)


def value_axis(highest: float, top: float, bottom: float) -> Axis:
    """A vertical axis from 0 to a round number not below `highest`."""
    step = round_step(highest)
    return Axis(0, math.ceil(highest / step - 1e-9) * step or step, bottom, top)


def round_step(highest: float) -> float:
    """1, 2 or 5 times a power of ten, so that few steps reach `highest`."""
    if highest <= 0:
        return 1.0
    rough = highest / _MOST_VALUES
    power = 10 ** math.floor(math.log10(rough))
    return float(next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9)))


def mark_values(axis: Axis, write: Callable[[float], str]) -> list[Tick]:
    """Marks at round values."""
    step = round_step(axis.high)
    return [Tick(axis(number * step), write(number * step)) for number in range(round(axis.high / step) + 1)]


def mark_times(period: Period, axis: Axis) -> list[Tick]:
    """Marks at round times: days by their date, midnights too, others by the clock; no text at the edges."""
    step = next((mark for mark in _MARKS if period.seconds / mark <= _MOST_TIMES), _MARKS[-1])
    first = math.ceil(period.start / step) * step
    times = [first + number * step for number in range(int((period.end - first) // step) + 1)]
    return [_mark(axis, time, step) for time in times]


def _mark(axis: Axis, time: float, step: float) -> Tick:
    at = axis(time)
    return Tick(at, _write(time, step) if axis.start + _EDGE < at < axis.end - _EDGE else "")


def _write(time: float, step: float) -> str:
    moment = utc(time)
    return f"{moment:%a} {moment.day} {moment:%b}" if step >= _DAY or time % _DAY == 0 else f"{moment:%H:%M}"
