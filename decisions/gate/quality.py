"""Offline metrics of a candidate beside the live version's, on the same held-out data.

The worse end of the interval has to keep the limit: a version passes because it was shown not to be worse by
more than is allowed, not because too little was measured (non-inferiority). All checks have to pass, so that
the chance to let a version through that is worse in any of them is that of one (J. O. Berger, "Multiparameter
hypothesis testing and acceptance sampling", Technometrics 24, 1982): no correction is needed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from config.gate import GateLimits
from decisions.experiments.sequence import Numbers
from decisions.gate.card import Card
from decisions.gate.check import Check, tell_miss
from decisions.gate.interval import compare_means

QUALITY, SEGMENT = "quality_kept", "segment_kept"


@dataclass(frozen=True)
class _Pair:
    """A metric of both versions, by unit in one order: float64[n] each."""

    metric: str
    higher: bool
    live: Numbers
    candidate: Numbers

    def of(self, chosen: NDArray[np.bool_]) -> "_Pair":
        return replace(self, live=self.live[chosen], candidate=self.candidate[chosen])


def check_quality(candidate: Card, live: Card, limits: GateLimits) -> Iterator[Check]:
    """A check for each metric of the live version."""
    if limits.quality_kept is None:
        return
    if problem := _find_incomparable(candidate, live):
        yield Check("quality", QUALITY, False, None, limits.quality_kept, problem)
        return
    for pair in _pair(candidate, live):
        yield _judge(pair.metric, QUALITY, pair, limits.quality_kept, limits.confidence)


def check_segments(candidate: Card, live: Card, limits: GateLimits) -> Iterator[Check]:
    """A check for each metric in each segment that is large enough."""
    if limits.segment_kept is None:
        return
    if problem := _find_incomparable(candidate, live):
        yield Check("segments", SEGMENT, False, None, limits.segment_kept, problem)
        return
    pairs, segments = _pair(candidate, live), np.array(live.segments)
    for segment in sorted(set(live.segments)):
        chosen = segments == segment
        if (units := int(chosen.sum())) < limits.segment_units:
            said = f"not judged: {units:,} units, it takes {limits.segment_units:,}"
            yield Check(segment, SEGMENT, True, None, limits.segment_kept, said)
            continue
        for pair in pairs:
            name = f"{pair.metric}, {segment}"
            yield _judge(name, SEGMENT, pair.of(chosen), limits.segment_kept, limits.confidence)


def _find_incomparable(candidate: Card, live: Card) -> str | None:
    for card in (candidate, live):
        if not card.units or not card.metrics:
            return f"{card.version} was not measured on held-out data"
    if candidate.held_out != live.held_out or set(candidate.units) != set(live.units):
        return "the versions were measured on different held-out data"
    if lacking := sorted(live.metrics.keys() - candidate.metrics.keys()):
        return f"{candidate.version} has no {', '.join(lacking)}"
    return None


def _pair(candidate: Card, live: Card) -> list[_Pair]:
    place = {unit: place for place, unit in enumerate(candidate.units)}
    order = np.array([place[unit] for unit in live.units])
    return [
        _Pair(
            name,
            metric.better == "higher",
            np.array(metric.values),
            np.array(candidate.metrics[name].values)[order],
        )
        for name, metric in live.metrics.items()
    ]


def _judge(name: str, key: str, pair: _Pair, limit: float, confidence: float) -> Check:
    before, after = float(pair.live.mean()), float(pair.candidate.mean())
    values = f"{before:.4g} → {after:.4g}"
    part, whole = (pair.candidate, pair.live) if pair.higher else (pair.live, pair.candidate)
    if not whole.any():
        said = "there is nothing to lose" if pair.higher else "nothing is lost"
        return Check(name, key, True, None, limit, f"{values}: {said}")
    kept = compare_means(part, whole, confidence)
    if not isfinite(kept.low):
        said = f"{values}: too little is known, of {len(part):,} units, to tell what is kept"
        return Check(name, key, key == SEGMENT, None, limit, said)
    said = f"{values}, {kept.value:.1%} kept ({kept.low:.1%} to {kept.high:.1%}), at least {limit:.1%}"
    return Check(name, key, kept.low >= limit, kept.low, limit, said + tell_miss(limit - kept.low))
