"""How good the verdicts of a set of runs are. What no alert announced counts as not answered."""

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from bench.incidents.intervals import Share, share_of
from bench.incidents.outcome import Answer, Outcome

NO_CAUSE = ("unknown", "none")
SLOW_DOMAINS = ("model", "data")
"""Domains whose effect on users is seen in delayed labels only."""


def names_domain(answer: Answer | None, outcome: Outcome) -> bool:
    """Whether the answer's domain is the right one."""
    return answer is not None and answer.domain == outcome.scenario.expected.domain


def names_cause(answer: Answer | None, outcome: Outcome) -> bool:
    """Whether the answer's cause is the right one."""
    return answer is not None and answer.cause == outcome.scenario.expected.cause


def lists_cause(answer: Answer | None, outcome: Outcome) -> bool:
    """Whether the right cause is among the answer's first three."""
    return answer is not None and outcome.scenario.expected.cause in answer.top


@dataclass(frozen=True)
class Score:
    """Of the runs with user impact. Delays in seconds, of those detected."""

    runs: int
    detected: Share
    domain: Share
    cause: Share
    top3: Share
    abstained: Share
    from_injection: list[float]
    from_impact: list[float]


def score(outcomes: Sequence[Outcome]) -> Score:
    """The score of the runs with user impact; controls and discarded runs are left out."""
    affected = [outcome for outcome in outcomes if outcome.counted and not outcome.control]
    alerted = [outcome for outcome in affected if outcome.alerts]
    return Score(
        runs=len(affected),
        detected=Share(len(alerted), len(affected)),
        domain=share_of([names_domain(each.given, each) for each in affected]),
        cause=share_of([names_cause(each.given, each) for each in affected]),
        top3=share_of([lists_cause(each.given, each) for each in affected]),
        abstained=share_of([abstains(each) for each in alerted if each.scenario.kind != "unknown"]),
        from_injection=[_delay(each, each.injected_at) for each in alerted],
        from_impact=[_delay(each, each.impact.at) for each in alerted if each.impact],
    )


def abstains(outcome: Outcome) -> bool:
    """The answer is that it does not know; that nothing is wrong is no abstention."""
    return outcome.given is not None and outcome.given.cause == "unknown"


def _delay(outcome: Outcome, since: float) -> float:
    return (outcome.alerted_at or since) - since


@dataclass(frozen=True)
class Calm:
    """What happened where nothing was wrong: controls, and the steady time before every run."""

    controls: int
    blamed: Share
    alerted: Share
    alarms: int
    hours: float


def score_calm(outcomes: Sequence[Outcome]) -> Calm:
    """Blame is a cause named for a control; alarms are counted in the steady time of all runs."""
    controls = [outcome for outcome in outcomes if outcome.counted and outcome.control]
    return Calm(
        controls=len(controls),
        blamed=share_of([each.given is not None and each.given.cause not in NO_CAUSE for each in controls]),
        alerted=share_of([bool(each.alerts) for each in controls]),
        alarms=sum(len(each.early) for each in outcomes),
        hours=sum(each.quiet_seconds for each in outcomes) / 3600,
    )


class Claims(NamedTuple):
    """Answers with a confidence from `least` up to `most` (0–1): their mean, and how many were right."""

    least: float
    most: float
    claimed: float
    right: Share


CONFIDENCES = (0.0, 0.5, 0.8, 0.95, 1.0)
"""Where the answers are parted by their confidence."""


def group_by_confidence(outcomes: Sequence[Outcome]) -> list[Claims]:
    """What answers claimed and how often they were right, controls included; empty groups are left out."""
    claims = _claims(outcomes)
    found = []
    for least, most in pairwise(CONFIDENCES):
        group = [claim for claim in claims if least <= claim[0] < most or claim[0] == most == 1]
        if group:
            mean = statistics.mean(confidence for confidence, _ in group)
            found.append(Claims(least, most, mean, share_of([right for _, right in group])))
    return found


def brier_score(outcomes: Sequence[Outcome]) -> float | None:
    """Mean squared difference between confidence and truth, 0 (sure and right) to 1; None without answers.

    Brier (1950), "Verification of forecasts expressed in terms of probability".
    """
    claims = _claims(outcomes)
    return statistics.mean((confidence - right) ** 2 for confidence, right in claims) if claims else None


def _claims(outcomes: Sequence[Outcome]) -> list[tuple[float, bool]]:
    answers = [(each.given, each) for each in outcomes if each.counted]
    return [(answer.confidence, names_cause(answer, each)) for answer, each in answers if answer]


def median_diagnosis(outcomes: Sequence[Outcome]) -> float | None:
    """Seconds from the question to the verdict; None without runs."""
    taken = [each.diagnosis_seconds for each in outcomes if each.diagnosis_seconds is not None]
    return statistics.median(taken) if taken else None


def score_evidence(outcomes: Sequence[Outcome]) -> tuple[Share, Share]:
    """Shares of the cited traces and changed series that are confirmed, in runs with user impact."""
    evidence_checks = [each.evidence_check for each in outcomes if each.counted and not each.control]
    traces = Share(sum(p.traces_found for p in evidence_checks), sum(p.traces_cited for p in evidence_checks))
    return traces, Share(
        sum(p.series_confirmed for p in evidence_checks), sum(p.series_cited for p in evidence_checks)
    )


def confuse(outcomes: Sequence[Outcome]) -> Counter[tuple[str, str]]:
    """How often which right cause got which answer; `no alert` where none came."""
    counted = [outcome for outcome in outcomes if outcome.counted]
    return Counter(
        (each.scenario.expected.cause, each.given.cause if each.given else "no alert") for each in counted
    )
