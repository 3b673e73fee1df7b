"""Two other rules on the minutes of recorded releases: would they have rolled the version back, and when?

They see what the shares of that release gave them; on their own they would have gone on to larger ones.
"""

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

from bench.releases.live_case import Counted, Minute
from bench.releases.methods import CHECKS, FAILED

SLOWEST = 0.5
"""Seconds that 99% of the requests may take, as Flagger's documentation has it."""

FIXED = 1.96
"""Standard normal deviate of 5%, both sides: right for one look that was fixed before."""


class Ruled(NamedTuple):
    """`after` is the minute of the release in which a rule rolled it back, None if it did not; `failed` of
    its `looks` spoke against the version."""

    after: int | None
    failed: int
    looks: int


def by_thresholds(minutes: Sequence[Minute]) -> Ruled:
    """Flagger's: success rate and latency of the version each minute, rolled back after 5 failed checks."""
    looks = failed = 0
    for number, minute in enumerate(minutes, 1):
        if minute.candidate.requests + minute.candidate.failed:
            looks += 1
            failed += _breaks(minute.candidate)
        if failed == CHECKS:
            return Ruled(number, failed, looks)
    return Ruled(None, failed, looks)


def _breaks(of: Counted) -> bool:
    return of.failed > FAILED * (of.requests + of.failed) or (of.p99 is not None and of.p99 > SLOWEST)


def by_peeking(minutes: Sequence[Minute]) -> Ruled:
    """Cochran's and Mantel-Haenszel's test of hits, looked at each minute as if it were the only look.

    Each minute is a stratum, so neither growing shares nor trouble that meets both versions biases it.
    Mantel and Haenszel, JNCI 22(4), 1959.
    """
    excess = variance = 0.0
    looks = 0
    for number, minute in enumerate(minutes, 1):
        of, live = minute.candidate, minute.live
        labelled, hits = of.labelled + live.labelled, of.hits + live.hits
        if not of.labelled or not live.labelled:
            continue
        looks += 1
        excess += of.hits - of.labelled * hits / labelled
        spread = of.labelled * live.labelled * hits * (labelled - hits)
        variance += spread / (labelled**2 * (labelled - 1))
        if variance > 0 and excess / sqrt(variance) < -FIXED:
            return Ruled(number, 1, looks)
    return Ruled(None, 0, looks)
