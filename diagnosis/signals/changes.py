"""Signals before and after the onset, by robust statistics."""

from dataclasses import dataclass
from math import log

import numpy as np

from diagnosis.signals.series import AlignedSeries, Periods, Values
from diagnosis.signals.signal import Signal

FEWEST = 2
"""Values on each side of the onset below which a signal is not known."""

CHANCE, CERTAIN = 3.0, 6.0
"""Robust standard deviations up to which a move is chance, and from which it is certain."""

WILDEST = 4.0
"""A usual spread above the certain change by this factor comes from an earlier incident and is ignored."""

IQR_OF_NORMAL = 1.349


def ramp(value: float, low: float, high: float) -> float:
    """0 up to `low`, 1 from `high`, a straight line between."""
    return min(1.0, max(0.0, (value - low) / (high - low)))


@dataclass(frozen=True)
class SignalChange:
    """What a signal did: medians `before` and `after`, how surely it went `up` or `down` (0–1)."""

    before: float | None
    after: float | None
    up: float
    down: float
    known: bool = True

    @property
    def moved(self) -> float:
        """How surely it moved at all (0–1)."""
        return max(self.up, self.down)


UNKNOWN = SignalChange(None, None, 0.0, 0.0, known=False)


def measure_change(signal: Signal, values: Values, aligned: AlignedSeries, periods: Periods) -> SignalChange:
    """One signal. Spread is the distance of the quartiles by that of a normal's, at least `noise`."""
    past = _known(values[aligned.inside(periods.before)])
    now = _known(values[aligned.inside(periods.after) if signal.throughout else periods.affected])
    if len(past) < FEWEST or len(now) < FEWEST:
        return SignalChange(_middle(signal, past), _middle(signal, now), 0.0, 0.0, known=False)
    old, new = _middle(signal, past), _middle(signal, now)
    assert old is not None and new is not None
    low, high = np.percentile(past, [25, 75])
    spread = (_scaled(signal, high) - _scaled(signal, low)) / IQR_OF_NORMAL
    spread = min(max(float(spread), signal.noise), signal.high / WILDEST)
    change = _scaled(signal, new) - _scaled(signal, old)
    score = abs(change) / spread
    strength = ramp(abs(change), signal.low, signal.high) * ramp(score, CHANCE, CERTAIN)
    return SignalChange(old, new, strength if change > 0 else 0.0, strength if change < 0 else 0.0)


def is_move(signal: Signal, change: SignalChange) -> bool:
    """Whether `before` and `after` differ by what counts as a move of the signal; if unknown, yes."""
    if change.before is None or change.after is None:
        return True
    return abs(_scaled(signal, change.after) - _scaled(signal, change.before)) >= signal.low


def _middle(signal: Signal, values: Values) -> float | None:
    if not len(values):
        return None
    return float(np.mean(values) if signal.throughout else np.median(values))


def _known(values: Values) -> Values:
    return values[np.isfinite(values)]


def _scaled(signal: Signal, value: float) -> float:
    return log(max(value, 0.0) + signal.offset + 1e-9) if signal.ratio else value
