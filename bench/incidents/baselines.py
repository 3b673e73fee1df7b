"""Simpler methods on the same runs.

Methods that see a series or an alert, not a cause, are given the mapping that the other runs teach: what was
wrong most often when the same came first. A run never teaches about itself.
"""

import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bench.incidents.intervals import Share, share_of
from bench.incidents.recording import Recording
from bench.incidents.scenario import DOMAINS
from diagnosis.sources.evidence import Labelled, pack

ONSET_BEFORE_ALERT = 30.0
"""Seconds before the alert at which the robust z splits the window: alerts take about as long."""

UNUSED_LABELS = {"model_version", "instance", "service_instance_id", "job"}
"""Labels whose values differ from run to run and say nothing of the cause."""

COUNTERS = frozenset(
    ("answers", "labelled", "hits", "impressions", "clicks", "violations", "storage_outcomes")
)
"""Queries that give counts since the start, which only grow: their growth is what is scored."""

BURNS = "Budget Burns"
"""In the name of every alert on a burn rate: the SRE workbook's windows, on the same stack."""


@dataclass(frozen=True)
class Baseline:
    """A method's shares, or what is expected of them; `detected` is None for one that does not alert."""

    name: str
    detected: Share | None
    domain: Share | float
    cause: Share | float


def compare(recordings: Sequence[Recording], teaching: Sequence[Recording]) -> list[Baseline]:
    """Every baseline on the `recordings` with user impact; `teaching` is what the mappings learn from."""
    affected = [each for each in recordings if _is_affected(each)]
    if not affected:
        return []
    others = [each for each in teaching if _is_affected(each) and each not in affected]
    return [
        _chance(affected),
        _majority(affected),
        _mapped("largest robust z", affected, others, find_loudest, alerts=False),
        _mapped("first alert to fire", affected, others, find_first_alert, alerts=True),
        _mapped("SRE burn rate, while the run lasted", affected, others, find_first_burn, alerts=True),
    ]


def _is_affected(recording: Recording) -> bool:
    return recording.outcome.counted and not recording.outcome.control


def _truth(recording: Recording) -> str:
    return recording.outcome.scenario.expected.cause


def _domain(cause: str | None) -> str | None:
    return DOMAINS.get(cause, cause) if cause else None


def _chance(affected: Sequence[Recording]) -> Baseline:
    """A cause at random: what is expected of it."""
    domains = Counter(DOMAINS.values())
    domain = sum(domains[DOMAINS.get(_truth(each), "")] for each in affected) / len(DOMAINS)
    cause = sum(_truth(each) in DOMAINS for each in affected) / len(DOMAINS)
    return Baseline("chance, expected", None, domain / len(affected), cause / len(affected))


def _majority(affected: Sequence[Recording]) -> Baseline:
    """Always the cause, and always the domain, that is right most often."""
    causes = Counter(map(_truth, affected))
    domains = Counter(each.outcome.scenario.expected.domain for each in affected)
    best = (Share(counts.most_common(1)[0][1], len(affected)) for counts in (domains, causes))
    return Baseline("majority", None, *best)


def _mapped(
    name: str,
    affected: Sequence[Recording],
    others: Sequence[Recording],
    find: Callable[[Recording], str | None],
    *,
    alerts: bool,
) -> Baseline:
    every = [*affected, *others]
    signs, truths = [find(each) for each in every], [_truth(each) for each in every]
    guesses = [_guess(n, signs, truths) for n in range(len(affected))]
    return Baseline(
        name,
        share_of([sign is not None for sign in signs[: len(affected)]]) if alerts else None,
        share_of([_domain(g) == _domain(t) for g, t in zip(guesses, truths, strict=False)]),
        share_of([g == t for g, t in zip(guesses, truths, strict=False)]),
    )


def _guess(run: int, signs: Sequence[str | None], truths: Sequence[str]) -> str | None:
    taught = Counter(
        truth
        for other, (sign, truth) in enumerate(zip(signs, truths, strict=True))
        if sign == signs[run] and other != run
    )
    return taught.most_common(1)[0][0] if taught and signs[run] else None


def find_first_alert(recording: Recording) -> str | None:
    """The alert that came first."""
    alerts = sorted(recording.outcome.alerts, key=lambda alert: alert.at)
    return alerts[0].name if alerts else None


def find_first_burn(recording: Recording) -> str | None:
    """The burn-rate alert that came first, within the run."""
    alerts = sorted(recording.outcome.alerts, key=lambda alert: alert.at)
    return next((alert.name for alert in alerts if BURNS in alert.name), None)


def find_loudest(recording: Recording) -> str | None:
    """The series whose largest robust z after the alert is the largest of all, by query and labels."""
    scores = dict(_score_all(recording))
    return max(scores, key=scores.__getitem__) if scores else None


def _score_all(recording: Recording) -> Iterator[tuple[str, float]]:
    evidence, outcome = recording.evidence, recording.outcome
    if evidence is None:
        return
    split = (outcome.alerted_at or outcome.asked_at or evidence.end) - ONSET_BEFORE_ALERT
    for name, many in evidence.series.items():
        for series in map(_rate, many) if name in COUNTERS else many:
            z = robust_z(series, split)
            if z is not None:
                yield _name(name, series), z


def _rate(series: Labelled) -> Labelled:
    """What a counter grew by from point to point; one that starts anew grew by what it has."""
    grown = [(t, b - a if b >= a else b) for (_, a), (t, b) in pairwise(series.values.tolist())]
    return series.model_copy(update={"values": pack(grown)})


def _name(query: str, series: Labelled) -> str:
    kept = sorted(f"{k}={v}" for k, v in series.labels.items() if k not in UNUSED_LABELS)
    return f"{query}{{{','.join(kept)}}}"


def robust_z(series: Labelled, split: float) -> float | None:
    """The largest |value − median| / IQR from `split` on, both of before; IQR 0 counts as 1.

    As BARO's RobustScorer (Pham, Ha and Zhang, 2024, "BARO: Robust root cause analysis for microservices").
    """
    points: list[tuple[float, float]] = series.values.tolist()
    before = [value for at, value in points if at < split]
    after = [value for at, value in points if at >= split and math.isfinite(value)]
    if len(before) < 4 or not after:
        return None
    quarters = statistics.quantiles(before, n=4)
    middle, spread = statistics.median(before), quarters[2] - quarters[0]
    return max(abs(value - middle) for value in after) / (spread or 1.0)
