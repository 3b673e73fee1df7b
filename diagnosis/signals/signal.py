"""The form of a signal: how it is read, and what counts as a move.

`low` and `high` bound what is no move at all and what certainly is one, in the signal's own scale: a
difference, or the logarithm of a ratio. They are choices of what a person would call a change, set on
quiet stacks and training draws; `noise` is the least spread of a signal at peace, so that a flat one does not
score.
"""

from collections.abc import Callable
from dataclasses import dataclass

from diagnosis.signals.series import AlignedSeries, Values

SignalExtractor = Callable[[AlignedSeries], Values]


@dataclass(frozen=True)
class Signal:
    """One signal: `query` names the query its values come from, `unit` is s, ms, share, 1/s or empty.

    `ratio`: moves are logarithms of ratios, after `offset` (in its unit) was added to both sides.
    """

    name: str
    title: str
    component: str
    query: str
    unit: str
    extract: SignalExtractor
    low: float
    high: float
    noise: float
    ratio: bool = False
    offset: float = 0.0
    throughout: bool = False
    """Measured by its mean over the whole impact period, not only over affected steps."""
