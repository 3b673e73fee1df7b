"""Drift: do users, their features and the scores still look as they did in training?"""

from grafana.panels import ORANGE, RED, Panel, Query, row, timeseries
from grafana.sections.model_glance import DRIFT, PREDICTIONS
from grafana.sections.quality import REQUESTS, SEGMENT, VERSION
from prometheus import limits, objectives
from prometheus import queries as q
from prometheus.names import series
from telemetry import instruments

SAMPLES = series(instruments.RECOMMENDATION_DRIFT_SAMPLES)
ANY_SEGMENT = 'segment=~"all|$segment"'
FEATURES = 'feature!="segment_mix"'
MIX = 'feature="segment_mix"'
BY = ["feature", "segment"]
LEGEND = "{{feature}} {{segment}}"


def panels() -> list[Panel]:
    """Ids 60–67."""
    return [
        row(60, "Drift: what changed since training"),
        stability(),
        shape(),
        distance(),
        predictions(),
        mix(),
        shares(),
        samples(),
    ]


def stability() -> Panel:
    """The customary one."""
    return timeseries(
        61,
        "Feature drift: population stability index",
        f"How far the features of 2 minutes are from those in training, by segment. Good: below 0.1; above "
        f"the dashed line, {objectives.DRIFT:g}, the shift is large and an alert fires.",
        [Query(q.highest(DRIFT, FEATURES, ANY_SEGMENT, 'statistic="psi"', by=BY), LEGEND)],
        unit="none",
        decimals=2,
        steps=[(0.1, ORANGE), (objectives.DRIFT, RED)],
        width=8,
    )


def shape() -> Panel:
    """Without bins."""
    return timeseries(
        62,
        "Feature drift: Kolmogorov-Smirnov",
        f"The largest gap between the distribution of a feature now and in training, by segment. Good: "
        f"below 0.1; above the dashed line, {limits.SHAPE:g}, an alert fires.",
        [Query(q.highest(DRIFT, FEATURES, ANY_SEGMENT, 'statistic="ks"', by=BY), LEGEND)],
        unit="none",
        decimals=2,
        maximum=1,
        steps=[(limits.SHAPE, RED)],
        width=8,
    )


def distance() -> Panel:
    """Between 0 and 1."""
    return timeseries(
        63,
        "Feature drift: Jensen-Shannon",
        "Jensen-Shannon distance of the features from training, by segment: 0 is alike, 1 nothing in common. "
        "Good: below 0.1. It tells how far, where the index tells that.",
        [Query(q.highest(DRIFT, FEATURES, ANY_SEGMENT, 'statistic="js"', by=BY), LEGEND)],
        unit="none",
        decimals=2,
        maximum=1,
        width=8,
    )


def predictions() -> Panel:
    """What the model makes of it."""
    return timeseries(
        64,
        "Prediction drift",
        f"How far the scores of the items ranked first are from those in training, by version. Good: below "
        f"0.1; above the dashed line, {objectives.DRIFT:g} (population stability index), an alert fires.",
        [
            Query(
                q.highest(PREDICTIONS, VERSION.matcher, by=["model_version", "statistic"]),
                "{{model_version}} {{statistic}}",
            )
        ],
        unit="none",
        decimals=2,
        steps=[(objectives.DRIFT, RED)],
        width=6,
    )


def mix() -> Panel:
    """Who comes."""
    return timeseries(
        65,
        "Segment mix drift",
        f"How far the mix of user segments of 2 minutes is from that in training. Good: near 0; above the "
        f"dashed line, {limits.MIX:g} (population stability index), other users come, and averages mislead.",
        [Query(q.highest(DRIFT, MIX, by=["statistic"]), "{{statistic}}")],
        unit="none",
        decimals=3,
        steps=[(limits.MIX, RED)],
        width=6,
    )


def shares() -> Panel:
    """In numbers that a person knows."""
    return timeseries(
        66,
        "Requests by segment",
        "How requests are divided among user segments. Good: steady; this is the mix that the panel beside "
        "measures.",
        [Query(q.known(q.share(REQUESTS, SEGMENT.matcher, by=["segment"], window="2m")), "{{segment}}")],
        unit="percentunit",
        decimals=1,
        stacked=True,
        maximum=1,
        width=6,
    )


def samples() -> Panel:
    """How much to believe."""
    return timeseries(
        67,
        "Samples behind the drift",
        "Values of the last 2 minutes that drift is judged by. Good: above the dashed line, "
        f"{limits.DRIFT_SAMPLES}; below it nothing is judged, and the last value stands.",
        [Query(q.lowest(SAMPLES, ANY_SEGMENT, by=BY), LEGEND)],
        unit="none",
        decimals=0,
        steps=[(limits.DRIFT_SAMPLES, ORANGE)],
        width=6,
    )
