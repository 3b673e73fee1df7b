"""A look at an experiment as lines of text."""

from collections.abc import Iterator
from math import isfinite, isnan

from config.experiments import Metric
from decisions.experiments.judgement import Comparison, Decision, Interval
from decisions.experiments.review import Judged, Review
from prometheus.quantities import write_duration, write_milliseconds

MANY_TIMES = 100
"""Times the present users, above which no number is given."""


def describe(look: Review) -> str:
    """The whole look."""
    return "\n".join([*_head(look), *_warnings(look), *_metrics(look), *_segments(look)])


def _head(look: Review) -> Iterator[str]:
    experiment, reading = look.experiment, look.reading
    users = sum(reading.users.values())
    yield f"{experiment.name}: {write_duration(reading.seconds)} since its start, {users:,.0f} users"
    for place, variant in enumerate(experiment.variants):
        role = ", the control" if place == 0 and variant.name != "control" else ""
        seen = reading.users.get(variant.version, 0.0)
        share = f"{seen / users:.1%} of the users, declared {variant.share:.1%}" if users else "no users"
        requests = reading.count(variant.version)
        yield f"  {variant.name}{role}: {variant.version}, {share}, {requests:,.0f} requests"


def _warnings(look: Review) -> Iterator[str]:
    if look.mismatch:
        yield (
            "  ! Users do not come by the declared shares, and it is not chance: what sorts them may be what "
            "differs. Nothing is decided. Look for a variant that fails, loads late or is excluded."
        )


def _metrics(look: Review) -> Iterator[str]:
    for metric in look.experiment.metrics:
        matters = f"{metric.better} is better, {metric.minimum_effect:.1%} matters"
        yield f"  {metric.name} ({matters})"
        for judged in look.judged:
            if judged.metric is metric:
                yield from _compare(judged, look.mismatch)


def _segments(look: Review) -> Iterator[str]:
    if look.segments and not look.mismatch:
        yield f"  Segments that stand out, of {look.looked_at} comparisons (a hint, not a decision):"
    for judged in () if look.mismatch else look.segments:
        yield f"    {judged.segment}, {judged.metric.name}, {judged.variant.name}: {_values(judged)}"


def _compare(judged: Judged, mismatch: bool) -> Iterator[str]:
    decided = "not decided" if mismatch else _decide(judged.comparison)
    if not isnan(judged.comparison.change.value):
        yield f"    {judged.variant.name}: {_values(judged)} {_spread(judged)}"
        yield f"      {decided}"
    else:
        yield f"    {judged.variant.name}: {decided}"


def _values(judged: Judged) -> str:
    before, after = (_write(judged.metric, float(of.value)) for of in (judged.control, judged.treatment))
    return f"{before} → {after}, {judged.comparison.change.value:+.1%}"


def _spread(judged: Judged) -> str:
    change, difference = judged.comparison.change, judged.comparison.difference
    return f"({_share(change)}), difference {_difference(judged.metric, difference)}"


def _share(of: Interval) -> str:
    if not (isfinite(of.low) and of.high < MANY_TIMES):
        return "anything is possible"
    return f"{of.low:+.1%} to {of.high:+.1%}"


def _difference(metric: Metric, of: Interval) -> str:
    if not (isfinite(of.low) and isfinite(of.high)):
        return "unknown"
    low, high = (f"{'-' if end < 0 else '+'}{_write(metric, abs(end), True)}" for end in (of.low, of.high))
    return f"{low} to {high}"


def _write(metric: Metric, value: float, difference: bool = False) -> str:
    if metric.kind == "conversion":
        return f"{100 * value:.2f} points" if difference else f"{value:.2%}"
    if metric.per is None:
        return write_milliseconds(1_000 * value)
    return f"{value:.4g}"


def _decide(of: Comparison) -> str:
    if of.decision is not Decision.NOT_YET:
        return of.decision.value.upper() if of.decision is not Decision.SAME else of.decision.value
    if isnan(of.wait):
        return "not yet: too few requests to say how long"
    if isfinite(of.wait):
        return f"not yet: {write_duration(of.wait)} more, at this rate" if of.wait else "not yet: any moment"
    more = f"about {of.users:.1f} times" if of.users < MANY_TIMES else f"more than {MANY_TIMES} times"
    return f"not yet, and never with these users: it takes {more} as many, or a larger minimum effect"
