"""Model and data at a glance: does anything move, and what?"""

from grafana import links
from grafana.panels import BLUE, GREEN, ORANGE, RED, Panel, Query, stat
from grafana.sections.features import AGES, unusable
from prometheus import limits, objectives
from prometheus import measures as m
from prometheus import queries as q
from prometheus.names import series
from prometheus.recorded import SEGMENT_KEPT, SLICE_HIT_RATE, SLICE_KEPT
from telemetry import instruments

EVERYBODY = ('segment="all"', f'window="{m.FAST}"')
DRIFT = series(instruments.RECOMMENDATION_FEATURE_DRIFT)
PREDICTIONS = series(instruments.RECOMMENDATION_PREDICTION_DRIFT)
VIOLATIONS = series(instruments.RECOMMENDATION_SCHEMA_VIOLATIONS)
QUALITY = links.dashboard("Quality and storage", links.QUALITY)


def panels() -> list[Panel]:
    """One line of numbers. Ids 1–8."""
    return [
        hit_rate(),
        kept(),
        worst_segment(),
        versions(),
        drift(),
        without_features(),
        age(),
        violations(),
    ]


def hit_rate() -> Panel:
    """What users get."""
    return stat(
        1,
        "Hit rate now",
        "Share of requests in which the user clicked at least one item, all answers, over 1 minute. "
        "Good: what is usual; the number beside says so.",
        Query(q.lowest(SLICE_HIT_RATE, *EVERYBODY)),
        unit="percentunit",
        decimals=1,
        base=BLUE,
        data_links=[QUALITY],
    )


def kept() -> Panel:
    """By what they usually get."""
    return stat(
        2,
        "Of what is usual",
        "Hit rate of the last minute by its median over the baseline's period. "
        f"Good: near 100%, 5% up or down is chance; below {objectives.HIT_RATE_KEPT:.0%} users feel it.",
        Query(q.lowest(SLICE_KEPT, *EVERYBODY)),
        unit="percentunit",
        decimals=1,
        base=RED,
        steps=[(objectives.HIT_RATE_KEPT, ORANGE), (limits.HIT_RATE_KEPT_SLOWLY, GREEN)],
        data_links=[QUALITY],
    )


def worst_segment() -> Panel:
    """Whether a few suffer unseen."""
    return stat(
        3,
        "Worst segment",
        "What the worst segment keeps of its usual hit rate, over 1 minute; segments with fewer than "
        f"{m.ENOUGH} labelled requests are left out. Good: close to the number beside.",
        Query(q.lowest(SEGMENT_KEPT)),
        unit="percentunit",
        decimals=1,
        base=RED,
        steps=[(limits.SEGMENT_KEPT, ORANGE), (limits.UNHURT, GREEN)],
    )


def versions() -> Panel:
    """How many answer."""
    answering = f"{q.rate(m.REQUESTS, by=['model_version'], window='1m')} > 0"
    return stat(
        4,
        "Versions answering",
        "Model versions that answered requests in the last minute. Good: 1, or 2 while one is rolled out.",
        Query(f"count ({answering})"),
        unit="none",
        decimals=0,
        steps=[(3, ORANGE)],
    )


def drift() -> Panel:
    """Whether anything moved."""
    features, predictions = (q.highest(of, 'statistic="psi"') for of in (DRIFT, PREDICTIONS))
    return stat(
        5,
        "Largest drift",
        "The largest population stability index of all features, segments and predictions against training. "
        f"Good: below 0.1; from {objectives.DRIFT:g} on it is much.",
        Query(f'max (({features}) or label_replace({predictions}, "of", "predictions", "", ""))'),
        unit="none",
        decimals=2,
        steps=[(0.1, ORANGE), (objectives.DRIFT, RED)],
    )


def without_features() -> Panel:
    """How many answers lack what the model needs."""
    return stat(
        6,
        "Without usable features",
        "Share of answers to users whose features are missing, invalid or expired, over 1 minute. Good: 0%.",
        Query(unusable('reason=~"features_.*"', "1m")),
        unit="percentunit",
        decimals=1,
        steps=[(objectives.FEATURES_UNUSABLE / 5, ORANGE), (objectives.FEATURES_UNUSABLE, RED)],
    )


def age() -> Panel:
    """How old what it has is."""
    return stat(
        7,
        "Feature age, median",
        "Time since the features of an answer were computed, median over 1 minute. "
        f"Good: well below {objectives.FEATURE_AGE:g} s; above, they are not renewed and will expire.",
        Query(q.known(q.quantile(0.5, AGES, window="1m"))),
        unit="s",
        decimals=0,
        steps=[(0.75 * objectives.FEATURE_AGE, ORANGE), (objectives.FEATURE_AGE, RED)],
    )


def violations() -> Panel:
    """Whether what it has is sound."""
    return stat(
        8,
        "Broken features",
        "Features that broke their schema, per second, over 1 minute. Good: 0.",
        Query(q.or_zero(q.rate(VIOLATIONS, window="1m"))),
        unit="ops",
        decimals=1,
        steps=[(0.01, RED)],
    )
