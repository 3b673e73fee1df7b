"""What the model is given: features that are missing, expired, old or broken, and users nobody knows."""

from config import Config
from grafana.options import ORANGE, PERCENT, PURPLE, RED, THIRD, Heading, Lines, Query, Value
from grafana.panels import Panel, row, timeseries
from grafana.shapes import heatmap
from prometheus import indicators as sli
from prometheus import limits
from prometheus import queries as q
from prometheus.names import series
from prometheus.series.recorded import MEASURE, MEASURE_USUAL
from telemetry import instruments

MISSING = series(instruments.RECOMMENDATION_FEATURE_MISSING)
REASONS = {"features_missing": RED, "features_expired": ORANGE, "features_invalid": PURPLE}


def panels(config: Config) -> list[Panel]:
    """Ids 70–76."""
    return [
        row(70, "Features"),
        without_features(config),
        missing(),
        unknown_users(),
        age(config),
        age_heatmap(),
        violations(),
    ]


def unusable(reason: str, window: str = q.PANEL) -> str:
    """Share of the answers that were made for a reason (a matcher)."""
    return q.known(sli.answers_share(reason, window=window))


def without_features(config: Config) -> Panel:
    return timeseries(
        Heading(
            71,
            "Answers without usable features",
            "Share of answers whose user's features were missing in storage, expired or invalid. Good: 0%; "
            f"above the dashed line, {config.model.features_unusable:.0%}, an alert fires. Storage "
            "answered: the data is at fault.",
        ),
        [Query(unusable(f'reason="{reason}"'), reason) for reason in REASONS],
        PERCENT,
        Lines(steps=[(config.model.features_unusable, RED)], colors=REASONS),
        size=THIRD,
    )


def missing() -> Panel:
    return timeseries(
        Heading(
            72,
            "Missing features",
            "Features per second that an answer needed and did not get. Good: 0.",
        ),
        [Query(q.or_zero(q.rate(MISSING)), "missing")],
        Value("ops", decimals=2),
        size=THIRD,
    )


def unknown_users() -> Panel:
    of = 'measure="unknown_users"'
    return timeseries(
        Heading(
            73,
            "Unknown users",
            "Share of requests from users who are not in the model's training data, over 1 minute, and "
            f"what is usual. Good: similar lines; at {limits.MORE_UNKNOWN:.0%} more than usual an alert "
            "fires: train a new model.",
        ),
        [Query(q.lowest(MEASURE, of), "now"), Query(q.lowest(MEASURE_USUAL, of), "usual")],
        PERCENT,
        size=THIRD,
    )


def age(config: Config) -> Panel:
    quantiles = [(0.5, "median"), (0.95, "p95"), (1, "oldest")]
    return timeseries(
        Heading(
            74,
            "Feature age",
            "Time since the features of an answer were computed. Good: a sawtooth below the interval of "
            f"the feature job; a median above the dashed line, {config.model.feature_age:g} s, means that "
            "the job has stopped.",
        ),
        [Query(q.known(sli.feature_age(share, window="1m")), name) for share, name in quantiles],
        Value("s", decimals=0),
        Lines(steps=[(config.model.feature_age, RED)]),
        size=THIRD,
    )


def age_heatmap() -> Panel:
    return heatmap(
        Heading(
            75,
            "Feature age heatmap",
            "Answers by the age of their features. Good: one band that returns to 0 with each run of the "
            "feature job; a second, rising band means that the features of some users are not renewed.",
        ),
        Query(q.distribution(sli.AGES, sli.RECOMMENDER)),
        size=THIRD,
    )


def violations() -> Panel:
    return timeseries(
        Heading(
            76,
            "Schema violations",
            "Features per second that broke their schema: unknown items, wrong lengths, numbers that are "
            f"not finite. Good: 0; an alert fires at more than {limits.SCHEMA_VIOLATIONS:g} per request.",
        ),
        [Query(q.or_zero(sli.schema_violations(by=["feature", "kind"])), "{{feature}} {{kind}}")],
        Value("ops", decimals=2),
        size=THIRD,
    )
