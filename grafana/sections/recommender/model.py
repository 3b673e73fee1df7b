"""Model and data at a glance: does anything move, and what?"""

from config import Config
from grafana import links
from grafana.options import (
    BLUE,
    COUNT,
    GREEN,
    ORANGE,
    PERCENT,
    RED,
    WIDE_NUMBER,
    Heading,
    Levels,
    Query,
    Value,
)
from grafana.panels import Panel, stat
from grafana.sections.recommender.features import unusable
from prometheus import indicators as sli
from prometheus import limits
from prometheus import queries as q
from prometheus.recommender import measures as m
from prometheus.series.recorded import RECENT_DRIFT, SEGMENT_KEPT, SLICE_HIT_RATE, SLICE_KEPT

EVERYBODY = ('segment="all"', f'window="{m.FAST}"')
QUALITY = links.dashboard("Quality and storage", links.QUALITY)


def panels(config: Config) -> list[Panel]:
    """One line of numbers. Ids 1–8."""
    return [
        hit_rate(),
        kept(config),
        worst_segment(),
        versions(),
        drift(config),
        without_features(config),
        age(config),
        violations(),
    ]


def hit_rate() -> Panel:
    return stat(
        Heading(
            1,
            "Hit rate",
            "Share of requests in which the user clicked at least one item, all answers, over 1 minute. "
            "Good: what is usual, which the number beside tells.",
        ),
        Query(q.lowest(SLICE_HIT_RATE, *EVERYBODY)),
        PERCENT,
        Levels(BLUE),
        data_links=[QUALITY],
        size=WIDE_NUMBER,
    )


def kept(config: Config) -> Panel:
    return stat(
        Heading(
            2,
            "Hit rate against baseline",
            "Hit rate of the last minute, divided by its median over the baseline's period. Good: near "
            f"100%, 5% up or down is chance; below {config.model.hit_rate_kept:.0%} an alert fires.",
        ),
        Query(q.lowest(SLICE_KEPT, *EVERYBODY)),
        PERCENT,
        Levels(RED, [(config.model.hit_rate_kept, ORANGE), (limits.HIT_RATE_KEPT_SLOWLY, GREEN)]),
        data_links=[QUALITY],
        size=WIDE_NUMBER,
    )


def worst_segment() -> Panel:
    return stat(
        Heading(
            3,
            "Worst segment",
            "The lowest hit rate of a segment, divided by that segment's usual one, over 1 minute; "
            f"segments with fewer than {m.ENOUGH} labelled requests are left out. Good: close to the number "
            "beside.",
        ),
        Query(q.lowest(SEGMENT_KEPT)),
        PERCENT,
        Levels(RED, [(limits.SEGMENT_KEPT, ORANGE), (limits.UNHURT, GREEN)]),
        size=WIDE_NUMBER,
    )


def versions() -> Panel:
    answering = f"{sli.answers(by=['model_version'], window='1m')} > 0"
    return stat(
        Heading(
            4,
            "Versions serving",
            "Model versions that answered requests in the last minute. Good: 1, or 2 while one is rolled "
            "out.",
        ),
        Query(f"count ({answering})"),
        COUNT,
        Levels(steps=[(3, ORANGE)]),
        size=WIDE_NUMBER,
    )


def drift(config: Config) -> Panel:
    return stat(
        Heading(
            5,
            "Largest drift",
            "The largest population stability index of all features, segments and predictions against "
            f"training. Good: below 0.1; from {config.model.drift:g} on the drift is large.",
        ),
        Query(q.highest(RECENT_DRIFT)),
        Value("none", decimals=2),
        Levels(steps=[(0.1, ORANGE), (config.model.drift, RED)]),
        size=WIDE_NUMBER,
    )


def without_features(config: Config) -> Panel:
    return stat(
        Heading(
            6,
            "Without usable features",
            "Share of answers to users whose features are missing, invalid or expired, over 1 minute. "
            "Good: 0%.",
        ),
        Query(unusable('reason=~"features_.*"', "1m")),
        PERCENT,
        Levels(steps=[(config.model.features_unusable / 5, ORANGE), (config.model.features_unusable, RED)]),
        size=WIDE_NUMBER,
    )


def age(config: Config) -> Panel:
    return stat(
        Heading(
            7,
            "Median feature age",
            "Time since the features of an answer were computed, median over 1 minute. Good: well below "
            f"{config.model.feature_age:g} s; older features are not being renewed and will expire.",
        ),
        Query(q.known(sli.feature_age(0.5, window="1m"))),
        Value("s", decimals=0),
        Levels(steps=[(0.75 * config.model.feature_age, ORANGE), (config.model.feature_age, RED)]),
        size=WIDE_NUMBER,
    )


def violations() -> Panel:
    return stat(
        Heading(
            8,
            "Invalid features",
            "Features that broke their schema, per second, over 1 minute. Good: 0.",
        ),
        Query(q.or_zero(sli.schema_violations(window="1m"))),
        Value("ops", decimals=1),
        Levels(steps=[(0.01, RED)]),
        size=WIDE_NUMBER,
    )
