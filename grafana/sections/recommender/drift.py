"""Drift: do users, their features and the scores still look as they did in training?"""

from config import Config
from grafana.options import ORANGE, QUARTER, RED, SCORE, SHARE, Heading, Lines, Query, Value
from grafana.panels import Panel, row, timeseries
from grafana.sections.recommender.quality import SEGMENT, VERSION
from prometheus import indicators as sli
from prometheus import limits
from prometheus import queries as q
from prometheus.recommender import versions as v
from prometheus.series.recorded import RECENT_DRIFT

ANY_SEGMENT = 'segment=~"all|$segment"'


def panels(config: Config) -> list[Panel]:
    """Ids 60–64."""
    return [row(60, "Drift since training"), features(config), predictions(config), mix(), shares()]


def features(config: Config) -> Panel:
    return timeseries(
        Heading(
            61,
            "Drift of features",
            "How far the features of 2 minutes are from those in training (population stability index), by "
            f"segment; fewer than {limits.DRIFT_SAMPLES} values are not judged. Good: below 0.1; above the "
            f"dashed line, {config.model.drift:g}, the shift is large and an alert fires.",
        ),
        [
            Query(
                q.highest(RECENT_DRIFT, sli.FEATURES, ANY_SEGMENT, by=["feature", "segment"]),
                "{{feature}} {{segment}}",
            )
        ],
        Value("none", decimals=2),
        Lines(steps=[(0.1, ORANGE), (config.model.drift, RED)]),
        size=QUARTER,
    )


def predictions(config: Config) -> Panel:
    return timeseries(
        Heading(
            62,
            "Prediction drift",
            "How far the top scores of 2 minutes are from those in training, by version. Good: below 0.1; "
            f"above the dashed line, {config.model.drift:g} (population stability index), an alert fires.",
        ),
        [Query(v.prediction_drift(VERSION.matcher), "{{model_version}}")],
        Value("none", decimals=2),
        Lines(steps=[(config.model.drift, RED)]),
        size=QUARTER,
    )


def mix() -> Panel:
    return timeseries(
        Heading(
            63,
            "Segment mix drift",
            "How far the mix of the segments of known users of 2 minutes is from that in training. Good: "
            f"near 0; above the dashed line, {limits.MIX:g} (population stability index), the users are "
            "others than in training, and averages mislead.",
        ),
        [Query(q.highest(RECENT_DRIFT, sli.SEGMENT_MIX, by=["model_version"]), "{{model_version}}")],
        SCORE,
        Lines(steps=[(limits.MIX, RED)]),
        size=QUARTER,
    )


def shares() -> Panel:
    return timeseries(
        Heading(
            64,
            "Requests by segment",
            "How requests are divided among user segments. Good: steady; the panel beside measures the "
            "change of this mix.",
        ),
        [Query(q.known(sli.answer_shares(SEGMENT.matcher, by=["segment"], window="2m")), "{{segment}}")],
        SHARE,
        Lines(stacked=True),
        size=QUARTER,
    )
