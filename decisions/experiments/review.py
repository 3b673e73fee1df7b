"""The state of an experiment at one look: what can be decided, and whether its users came as they should."""

from dataclasses import dataclass

from config.experiments import Experiment, Metric, Variant
from decisions.experiments import mismatch
from decisions.experiments.corrections import discoveries, split
from decisions.experiments.estimates import Estimate
from decisions.experiments.judgement import ENOUGH, UNDECIDED, Comparison, compare
from decisions.experiments.reading import ALL, Reading


@dataclass(frozen=True)
class Judged:
    """A metric of a variant beside the control's; of one segment, or of all users."""

    metric: Metric
    variant: Variant
    control: Estimate
    treatment: Estimate
    comparison: Comparison
    segment: str | None = ALL


@dataclass(frozen=True)
class Review:
    """One look at an experiment.

    `segments` are those that stand out by e-BH, and `looked_at` how many were compared. With a `mismatch` of
    the users' shares nothing counts: then there is no decision.
    """

    experiment: Experiment
    reading: Reading
    mismatch: bool
    judged: tuple[Judged, ...]
    segments: tuple[Judged, ...]
    looked_at: int


def review(experiment: Experiment, reading: Reading) -> Review:
    """Judge what was read: declared metrics at a level that is split between them, segments by e-BH."""
    alpha = 1 - experiment.confidence
    others = experiment.variants[1:]
    each = split(alpha, len(experiment.metrics) * len(others))
    judged = [
        _judge(experiment, reading, metric, other, each) for metric in experiment.metrics for other in others
    ]
    by_segment = {
        (metric.name, other.name, segment): _judge(experiment, reading, metric, other, alpha, segment)
        for metric in experiment.metrics
        if metric.per
        for other in others
        for segment in reading.segments
    }
    standing_out = discoveries({key: of.comparison.log_e for key, of in by_segment.items()}, alpha)
    return Review(
        experiment,
        reading,
        _is_mismatch(experiment, reading),
        tuple(judged),
        tuple(of for key, of in by_segment.items() if key in standing_out),
        len(by_segment),
    )


def _judge(
    experiment: Experiment,
    reading: Reading,
    metric: Metric,
    variant: Variant,
    alpha: float,
    segment: str | None = ALL,
) -> Judged:
    versions = [experiment.variants[0].version, variant.version]
    control, treatment = (reading.estimate(metric, version, segment) for version in versions)
    counted = [reading.count(version, metric.per or "request", segment) for version in versions]
    comparison = UNDECIDED
    if min(counted) >= ENOUGH:
        comparison = compare(
            control,
            treatment,
            better=metric.better,
            minimum_effect=metric.minimum_effect,
            alpha=alpha,
            elapsed=reading.seconds,
        )
    return Judged(metric, variant, control, treatment, comparison, segment)


def _is_mismatch(experiment: Experiment, reading: Reading) -> bool:
    users = [reading.users.get(variant.version, 0.0) for variant in experiment.variants]
    return mismatch.is_mismatch(users, [variant.share for variant in experiment.variants])
