"""How versions differ, and how sure that is: by groups of users that a flag splits between them."""

from collections.abc import Mapping, Sequence
from math import isfinite, nan
from typing import NamedTuple

from pydantic import BaseModel

from decisions.experiments.corrections import split
from decisions.experiments.estimates import Estimate, around, quantile_of_shares, ratio_of_sums
from decisions.experiments.judgement import ENOUGH, compare
from prometheus.client import Answers, AsyncClient, TimeSeries, query_batch
from prometheus.recommender import versions as v

WINDOW = 3600
"""Seconds in which versions are compared."""
ALPHA = 0.05

Groups = Mapping[str, float]
"""A sum by group of users."""


class Difference(BaseModel):
    """A measure of a version beside that of the control; `change` with its bounds is relative to the control.

    Bounds are None where anything is possible.
    """

    version: str
    measure: str
    unit: str
    control: float
    value: float
    change: float
    low: float | None
    high: float | None
    decision: str


class _Measure(NamedTuple):
    """What is compared: its name and unit, what is better, and the smallest change that matters."""

    name: str
    unit: str
    better: str
    matters: float


HIT_RATE = _Measure("Hit rate", "share", "higher", 0.1)
THUMBS_UP = _Measure("Thumbs up", "share", "higher", 0.1)
MEAN = _Measure("Mean response time", "s", "lower", 0.2)
P95 = _Measure("95th percentile of response time", "s", "lower", 0.2)


async def read_differences(prometheus: AsyncClient, control: str, now: float) -> list[Difference]:
    """Each other version against `control` up to `now` (Unix seconds), in one to three requests.

    Raises SourceAway.
    """
    found = await prometheus.ask(query_batch(v.by_group(WINDOW), now))
    estimates = read_estimates(found) | await _read_quantiles(prometheus, found, now)
    return compare_with(control, estimates)


class _Estimated(NamedTuple):
    """An estimate, and how many requests it is made of."""

    estimate: Estimate
    requests: float


Estimates = dict[tuple[_Measure, str], _Estimated]
"""By measure and version."""


def read_estimates(found: Answers) -> Estimates:
    """Hit rate, thumbs and mean response time of each version that groups are known of."""
    events = _by_version_and_event(found["events"])
    answers, seconds = (_by_version(found[name]) for name in ("answers", "seconds"))
    estimates: Estimates = {}
    for version, counted in answers.items():
        of = events.get(version, {})
        up, down = of.get("thumb_up", {}), of.get("thumb_down", {})
        thumbs = {group: up.get(group, 0) + down.get(group, 0) for group in up.keys() | down.keys()}
        estimates[HIT_RATE, version] = _ratio(of.get("hit", {}), of.get("labelled", {}), events=True)
        estimates[THUMBS_UP, version] = _ratio(up, thumbs, events=True)
        estimates[MEAN, version] = _ratio(seconds.get(version, {}), counted)
    return estimates


async def _read_quantiles(prometheus: AsyncClient, found: Answers, now: float) -> Estimates:
    """The 95th percentile of each version, by the share of answers of each group that are below it."""
    values = {each.labels[v.VERSION]: each.last for each in found["p95"]}
    answers = _by_version(found["answers"])
    known = [version for version in values if version in answers]
    if not known:
        return {}
    asked = {f"b{place}": v.below(each, values[each], WINDOW) for place, each in enumerate(known)}
    below = await prometheus.ask(query_batch(asked, now))
    shares = {
        version: _ratio(_by_group(below[f"b{place}"]), answers[version], events=True)
        for place, version in enumerate(known)
    }
    asked = {
        f"{side}{place}": v.duration_quantile(each, float(quantile), WINDOW)
        for place, each in enumerate(known)
        for side, quantile in zip(("low", "high"), around(0.95, shares[each].estimate), strict=True)
    }
    bounds = await prometheus.ask(query_batch(asked, now))
    return {
        (P95, version): _Estimated(
            quantile_of_shares(
                shares[version].estimate,
                values[version],
                *(_last(bounds[f"{side}{place}"]) for side in ("low", "high")),
            ),
            shares[version].requests,
        )
        for place, version in enumerate(known)
    }


def compare_with(control: str, estimates: Estimates) -> list[Difference]:
    """Each measure of each other version against the control, at 95% for all of them together."""
    pairs = [
        (measure, version)
        for measure in (HIT_RATE, THUMBS_UP, MEAN, P95)
        for of, version in estimates
        if of is measure and version != control and (measure, control) in estimates
    ]
    told = (_compare(estimates, measure, control, version, len(pairs)) for measure, version in pairs)
    return [difference for difference in told if difference]


def _compare(
    estimates: Estimates, measure: _Measure, control: str, version: str, comparisons: int
) -> Difference | None:
    before, after = estimates[measure, control], estimates[measure, version]
    if min(before.requests, after.requests) < ENOUGH:
        return None
    compared = compare(
        before.estimate,
        after.estimate,
        better=measure.better,
        minimum_effect=measure.matters,
        alpha=split(ALPHA, comparisons),
        elapsed=WINDOW,
    )
    change = compared.change
    if not isfinite(change.value):
        return None
    return Difference(
        version=version,
        measure=measure.name,
        unit=measure.unit,
        control=float(before.estimate.value),
        value=float(after.estimate.value),
        change=change.value,
        low=change.low if isfinite(change.low) else None,
        high=change.high if isfinite(change.high) else None,
        decision=compared.decision.value,
    )


def _ratio(sums: Groups, counts: Groups, *, events: bool = False) -> _Estimated:
    named = list(counts)
    estimate = ratio_of_sums(
        [sums.get(group, 0.0) for group in named], [counts[group] for group in named], events=events
    )
    return _Estimated(estimate, sum(counts.values()))


def _by_version_and_event(found: Sequence[TimeSeries]) -> dict[str, dict[str, dict[str, float]]]:
    events: dict[str, dict[str, dict[str, float]]] = {}
    for each in found:
        of = events.setdefault(each.labels[v.VERSION], {}).setdefault(each.labels[v.EVENT], {})
        of[each.labels[v.GROUP]] = each.last
    return events


def _by_version(found: Sequence[TimeSeries]) -> dict[str, dict[str, float]]:
    versions: dict[str, dict[str, float]] = {}
    for each in found:
        versions.setdefault(each.labels[v.VERSION], {})[each.labels[v.GROUP]] = each.last
    return versions


def _by_group(found: Sequence[TimeSeries]) -> dict[str, float]:
    return {each.labels[v.GROUP]: each.last for each in found}


def _last(found: Sequence[TimeSeries]) -> float:
    return found[0].last if found else nan
