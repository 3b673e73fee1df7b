"""User impact and its start, from the users' own counts against those of the steady time.

Hit rate and errors: the two-proportion z test of everything since a moment against the steady time; the
moment at which z is largest is when it began, which for one step is the likelihood's own estimate (Hinkley,
1970, "Inference about the change-point in a sequence of random variables"). Latency: p95 of three samples of
six above the maximum of the steady time. Telemetry: no new sample for longer than several exports.
"""

import math
import statistics
from collections.abc import Sequence
from itertools import pairwise

from bench.incidents.client_samples import ClientSample, TelemetrySample
from bench.incidents.outcome import Impact, Objective

CERTAIN = 4.0
"""z from which a change counts: in 40 samples of noise, less than 1 run in 300 reaches it."""

LEAST_SAMPLES = 3
LEAST_DROP = 0.03
"""Smallest loss of hit rate that counts."""

LEAST_ERRORS = 0.005
"""Share of failed requests that the availability objective allows."""

SLOWER, SLOWER_MS = 1.25, 20.0
"""p95 has to exceed the worst steady sample by this factor, and the steady median by so many milliseconds."""

SILENT = 20.0
"""Seconds without a new sample; services export every five."""

Counted = tuple[float, int, int]
"""Start of the sample, successes, trials."""


def find_impact(
    samples: Sequence[ClientSample],
    measured: Sequence[TelemetrySample],
    injected_at: float,
    *,
    quality: bool = False,
) -> Impact | None:
    """The objective that moved first, None when none did.

    With `quality` the hit rate goes before all others: a model that is trained on the same machine in order
    to be injected costs latency too, and that is not the fault.
    """
    answers = [(sample.at - sample.seconds, sample.hits, sample.answered) for sample in samples]
    dropped = _find_drop("hit rate", answers, injected_at)
    if dropped and quality:
        return dropped
    found = [
        impact
        for impact in (
            dropped,
            _find_errors(samples, injected_at),
            _find_latency(samples, injected_at),
            _find_silence(measured, injected_at),
        )
        if impact
    ]
    if not found:
        counted = _differences(measured)
        return _find_drop("measured hit rate", counted, injected_at)
    return min(found, key=lambda impact: impact.at)


def _find_drop(objective: Objective, counted: Sequence[Counted], injected_at: float) -> Impact | None:
    return _find_shift(objective, counted, injected_at, sign=-1, least=LEAST_DROP)


def _find_errors(samples: Sequence[ClientSample], injected_at: float) -> Impact | None:
    counted = [(t.at - t.seconds, t.failed, t.sent) for t in samples]
    return _find_shift("errors", counted, injected_at, sign=1, least=LEAST_ERRORS)


def _find_shift(
    objective: Objective, counted: Sequence[Counted], injected_at: float, sign: int, least: float
) -> Impact | None:
    before = [each for each in counted if each[0] < injected_at]
    after = [each for each in counted if each[0] >= injected_at]
    successes, trials = _sum(before)
    if not trials:
        return None
    best: tuple[float, Impact] | None = None
    for first in range(len(after) - LEAST_SAMPLES + 1):
        now, of = _sum(after[first:])
        shift = sign * (now / of - successes / trials) if of else 0.0
        z = sign * _z(successes, trials, now, of)
        if z >= CERTAIN and shift >= least and (best is None or z > best[0]):
            best = (
                z,
                Impact(objective=objective, at=after[first][0], before=successes / trials, after=now / of),
            )
    return best[1] if best else None


def _sum(counted: Sequence[Counted]) -> tuple[int, int]:
    return sum(each[1] for each in counted), sum(each[2] for each in counted)


def _z(before: int, of_before: int, after: int, of_after: int) -> float:
    """Two-proportion z of the difference after − before, with Laplace's rule against a spread of zero."""
    if not of_after:
        return 0.0
    pooled = (before + after + 1) / (of_before + of_after + 2)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / of_before + 1 / of_after))
    return (after / of_after - before / of_before) / spread


def _find_latency(samples: Sequence[ClientSample], injected_at: float) -> Impact | None:
    steady = [t.p95 for t in samples if t.p95 is not None and t.at <= injected_at]
    after = [t for t in samples if t.p95 is not None and t.at - t.seconds >= injected_at]
    if not steady:
        return None
    usual = statistics.median(steady)
    limit = max(SLOWER * max(steady), usual + SLOWER_MS)
    slow = [(t.p95 or 0.0) > limit for t in after]
    for first, begins in enumerate(slow):
        if begins and sum(slow[first : first + 6]) >= LEAST_SAMPLES:
            since = [t.p95 or 0.0 for t in after[first:]]
            at = after[first].at - after[first].seconds
            return Impact(objective="latency", at=at, before=usual, after=statistics.median(since))
    return None


def _find_silence(measured: Sequence[TelemetrySample], injected_at: float) -> Impact | None:
    since = [each for each in measured if each.at > injected_at]
    for each, following in pairwise(since):
        if each.age > SILENT and following.age > SILENT:
            return Impact(
                objective="telemetry", at=max(injected_at, each.at - each.age), before=0, after=each.age
            )
    return None


def is_gone(impact: Impact, samples: Sequence[ClientSample], measured: Sequence[TelemetrySample]) -> bool:
    """Whether the affected objective is nearer to its level before than to that of the impact."""
    now = _level(impact.objective, samples, measured)
    return now is not None and abs(now - impact.before) < abs(now - impact.after)


def _level(
    objective: Objective, samples: Sequence[ClientSample], measured: Sequence[TelemetrySample]
) -> float | None:
    if objective == "telemetry":
        return measured[-1].age if measured else None
    if objective == "latency":
        waits = [sample.p95 for sample in samples if sample.p95 is not None]
        return statistics.median(waits) if waits else None
    counted = {
        "errors": [(t.at, t.failed, t.sent) for t in samples],
        "hit rate": [(t.at, t.hits, t.answered) for t in samples],
        "measured hit rate": _differences(measured),
    }[objective]
    successes, trials = _sum(counted)
    return successes / trials if trials else None


def _differences(measured: Sequence[TelemetrySample]) -> list[Counted]:
    """Hits and labelled requests between looks; counts that start anew are left out."""
    pairs = [(a, b) for a, b in pairwise(measured) if b.labelled > a.labelled]
    return [(a.at, round(b.hits - a.hits), round(b.labelled - a.labelled)) for a, b in pairs]
