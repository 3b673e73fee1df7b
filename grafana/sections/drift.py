"""Drift: do users, their features and the scores still look as they did in training?"""

from config import Config
from grafana.options import COUNT, ORANGE, QUARTER, RED, SCORE, SHARE, THIRD, Heading, Lines, Query, Value
from grafana.panels import Panel, row, timeseries
from grafana.sections.model_summary import DRIFT, PREDICTIONS
from grafana.sections.quality import SEGMENT, VERSION
from prometheus import indicators as sli
from prometheus import limits
from prometheus import queries as q
from prometheus.names import series
from telemetry import instruments

SAMPLES = series(instruments.RECOMMENDATION_DRIFT_SAMPLES)
ANY_SEGMENT = 'segment=~"all|$segment"'
FEATURES = 'feature!="segment_mix"'
MIX = 'feature="segment_mix"'
BY = ["feature", "segment"]
LEGEND = "{{feature}} {{segment}}"


def panels(config: Config) -> list[Panel]:
    """Ids 60–67."""
    return [
        row(60, "Drift since training"),
        stability(config),
        shape(),
        distance(),
        predictions(config),
        mix(),
        shares(),
        samples(),
    ]


def stability(config: Config) -> Panel:
    return timeseries(
        Heading(
            61,
            "Feature drift: PSI",
            "How far the features of 2 minutes are from those in training, by segment. Good: below 0.1; "
            f"above the dashed line, {config.model.drift:g}, the shift is large and an alert fires.",
        ),
        [Query(q.highest(DRIFT, FEATURES, ANY_SEGMENT, 'statistic="psi"', by=BY), LEGEND)],
        Value("none", decimals=2),
        Lines(steps=[(0.1, ORANGE), (config.model.drift, RED)]),
        size=THIRD,
    )


def shape() -> Panel:
    return timeseries(
        Heading(
            62,
            "Feature drift: Kolmogorov-Smirnov",
            "The largest gap between the distribution of a feature now and in training, by segment. Good: "
            f"below 0.1; above the dashed line, {limits.SHAPE:g}, an alert fires.",
        ),
        [Query(q.highest(DRIFT, FEATURES, ANY_SEGMENT, 'statistic="ks"', by=BY), LEGEND)],
        Value("none", decimals=2, maximum=1),
        Lines(steps=[(limits.SHAPE, RED)]),
        size=THIRD,
    )


def distance() -> Panel:
    return timeseries(
        Heading(
            63,
            "Feature drift: Jensen-Shannon",
            "Jensen-Shannon distance of the features from training, by segment: 0 means alike, 1 means "
            "nothing in common. Good: below 0.1. Unlike the stability index it has an upper end.",
        ),
        [Query(q.highest(DRIFT, FEATURES, ANY_SEGMENT, 'statistic="js"', by=BY), LEGEND)],
        Value("none", decimals=2, maximum=1),
        size=THIRD,
    )


def predictions(config: Config) -> Panel:
    return timeseries(
        Heading(
            64,
            "Prediction drift",
            "How far the scores of the items ranked first are from those in training, by version. Good: "
            f"below 0.1; above the dashed line, {config.model.drift:g} (population stability index), an "
            "alert fires.",
        ),
        [
            Query(
                q.highest(PREDICTIONS, VERSION.matcher, by=["model_version", "statistic"]),
                "{{model_version}} {{statistic}}",
            )
        ],
        Value("none", decimals=2),
        Lines(steps=[(config.model.drift, RED)]),
        size=QUARTER,
    )


def mix() -> Panel:
    return timeseries(
        Heading(
            65,
            "Segment mix drift",
            "How far the mix of user segments of 2 minutes is from that in training. Good: near 0; above "
            f"the dashed line, {limits.MIX:g} (population stability index), the users are others than in "
            "training, and averages mislead.",
        ),
        [Query(q.highest(DRIFT, MIX, by=["statistic"]), "{{statistic}}")],
        SCORE,
        Lines(steps=[(limits.MIX, RED)]),
        size=QUARTER,
    )


def shares() -> Panel:
    return timeseries(
        Heading(
            66,
            "Requests by segment",
            "How requests are divided among user segments. Good: steady; the panel beside measures the "
            "change of this mix.",
        ),
        [Query(q.known(sli.answer_shares(SEGMENT.matcher, by=["segment"], window="2m")), "{{segment}}")],
        SHARE,
        Lines(stacked=True),
        size=QUARTER,
    )


def samples() -> Panel:
    return timeseries(
        Heading(
            67,
            "Samples behind the drift",
            "Values of the last 2 minutes that drift is computed from. Good: above the dashed line, "
            f"{limits.DRIFT_SAMPLES}; with fewer, the last drift is kept.",
        ),
        [Query(q.lowest(SAMPLES, ANY_SEGMENT, by=BY), LEGEND)],
        COUNT,
        Lines(steps=[(limits.DRIFT_SAMPLES, ORANGE)]),
        size=QUARTER,
    )
