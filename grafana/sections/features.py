"""What the model is given: features that are missing, expired, old or broken, and users nobody knows."""

from grafana.options import ORANGE, PERCENT, PURPLE, RED, THIRD, Heading, Lines, Query, Value
from grafana.panels import Panel, row, timeseries
from grafana.shapes import heatmap
from prometheus import limits, objectives
from prometheus import measures as m
from prometheus import queries as q
from prometheus.names import series
from prometheus.recorded import MEASURE, MEASURE_USUAL
from telemetry import instruments

AGES = series(instruments.RECOMMENDATION_FEATURE_AGE)
MISSING = series(instruments.RECOMMENDATION_FEATURE_MISSING)
VIOLATIONS = series(instruments.RECOMMENDATION_SCHEMA_VIOLATIONS)
REASONS = {"features_missing": RED, "features_expired": ORANGE, "features_invalid": PURPLE}


def panels() -> list[Panel]:
    """Ids 70–76."""
    return [
        row(70, "Features: what the model is given"),
        without_features(),
        missing(),
        unknown_users(),
        age(),
        age_heatmap(),
        violations(),
    ]


def unusable(reason: str, window: str = q.PANEL) -> str:
    """Share of the answers that were made for a reason (a matcher)."""
    part, served = q.rate(m.REQUESTS, reason, window=window), q.rate(m.REQUESTS, window=window)
    return q.known(f"({q.or_zero(part)}) / {served}")


def without_features() -> Panel:
    return timeseries(
        Heading(
            71,
            "Answers without usable features",
            "Share of answers whose user's features storage did not have, had too old, or had broken. "
            f"Good: 0%; above the dashed line, {objectives.FEATURES_UNUSABLE:.0%}, an alert fires. Storage "
            "answers: it is the data.",
        ),
        [Query(unusable(f'reason="{reason}"'), reason) for reason in REASONS],
        PERCENT,
        Lines(steps=[(objectives.FEATURES_UNUSABLE, RED)], colors=REASONS),
        size=THIRD,
    )


def missing() -> Panel:
    return timeseries(
        Heading(
            72,
            "Missing features",
            "Features per second that a request should have had and was served without. Good: 0.",
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
            "Share of requests from users whom no model knows, over 1 minute, and what is usual. Good: "
            f"both alike; {limits.MORE_UNKNOWN:.0%} more than usual is an alert, and time to train.",
        ),
        [Query(q.lowest(MEASURE, of), "now"), Query(q.lowest(MEASURE_USUAL, of), "usual")],
        PERCENT,
        size=THIRD,
    )


def age() -> Panel:
    quantiles = [(0.5, "median"), (0.95, "p95"), (1, "oldest")]
    return timeseries(
        Heading(
            74,
            "Feature age",
            "Time since the features of an answer were computed. Good: a saw below the time between two "
            f"rounds of the feature job; a median above the dashed line, {objectives.FEATURE_AGE:g} s, "
            "means it has stopped.",
        ),
        [Query(q.known(q.quantile(share, AGES, window="1m")), name) for share, name in quantiles],
        Value("s", decimals=0),
        Lines(steps=[(objectives.FEATURE_AGE, RED)]),
        size=THIRD,
    )


def age_heatmap() -> Panel:
    return heatmap(
        Heading(
            75,
            "Feature age heatmap",
            "How many answers were made from features of which age. Good: one band that starts again at 0 "
            "with each round; a second band that climbs is a part of the users that is not renewed.",
        ),
        Query(q.distribution(AGES)),
        size=THIRD,
    )


def violations() -> Panel:
    return timeseries(
        Heading(
            76,
            "Schema violations",
            "Features per second that broke their schema: items that the model does not know, wrong "
            f"lengths, numbers that are none. Good: 0; more than {limits.SCHEMA_VIOLATIONS:g} for each "
            "request is an alert.",
        ),
        [Query(q.or_zero(q.rate(VIOLATIONS, by=["feature", "kind"])), "{{feature}} {{kind}}")],
        Value("ops", decimals=2),
        size=THIRD,
    )
