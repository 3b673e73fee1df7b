"""The form of a signal: how it is read, and what counts as a move.

`low` and `high` bound what is no move at all and what certainly is one, in the signal's own scale: a
difference, or the logarithm of a ratio. They are choices of what a person would call a change, set on
quiet stacks and training draws; `noise` is the least spread of a signal at peace, so that a flat one does not
score.
"""

from dataclasses import dataclass
from math import log

from diagnosis.packs.recommender.signals import extraction as e
from diagnosis.packs.recommender.signals.extraction import SignalExtractor

TWICE, SLIGHTLY = log(2.0), log(1.5)


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


def share_of_answers(name: str, title: str, extract: SignalExtractor, component: str = "features") -> Signal:
    """A share of the answers, by their reason."""
    return Signal(name, title, component, "answers", "share", extract, 0.02, 0.06, 0.004)


def share_of_reads(name: str, title: str, *ends: str) -> Signal:
    """The share of the storage reads that ended in one of these ways."""
    return Signal(
        name, title, "storage", "storage_outcomes", "share", e.read_ending(*ends), 0.01, 0.05, 0.003
    )


def seconds(name: str, title: str, component: str, query: str, offset: float, **where: str) -> Signal:
    """A duration; ratios of times below `offset` seconds do not count."""
    return Signal(
        name, title, component, query, "s", e.plain(query, **where), SLIGHTLY, log(2.5), 0.1, True, offset
    )


def age(name: str, title: str, query: str) -> Signal:
    """An age of features, in seconds."""
    return Signal(name, title, "features", query, "s", e.plain(query), 45.0, 90.0, 10.0)
