"""Quality against its own past: does it fall, whose quality, and is it chance?"""

from config import Config
from grafana.options import (
    COUNT,
    ORANGE,
    PERCENT,
    RED,
    SCORE,
    THIRD,
    WHOLE_PERCENT,
    Heading,
    Lines,
    Query,
    Value,
)
from grafana.panels import Panel, row, timeseries
from grafana.sections.recommender.quality import SEGMENT
from prometheus import indicators as sli
from prometheus import limits
from prometheus import queries as q
from prometheus.recommender import measures as m
from prometheus.series.recorded import (
    MEASURE,
    MEASURE_KEPT,
    MEASURE_USUAL,
    SEGMENT_BEST,
    SEGMENT_KEPT,
    SLICE_DEVIATION,
    SLICE_HIT_RATE,
    SLICE_KEPT,
    SLICE_LABELLED,
)

EVERYBODY = 'segment="all"'
LEGEND = "{{segment}}"
CLOSED = q.one_of("measure", [*m.RANKING, "click_through"])


def overall(config: Config) -> list[Panel]:
    """Ids 30–34."""
    return [
        row(30, "Quality against its own past"),
        hit_rate_kept(config),
        certainty(),
        measures_kept(config),
        thumbs_down(),
        requests(),
    ]


def by_segment() -> list[Panel]:
    """Ids 40–44."""
    return [
        row(40, "Quality by user segment"),
        hit_rate_by_segment(),
        ndcg_by_segment(),
        segment_kept(),
        labelled_by_segment(),
    ]


def hit_rate_kept(config: Config) -> Panel:
    return timeseries(
        Heading(
            31,
            "Hit rate against its past",
            "Hit rate of the last 1 and 3 minutes, divided by its median over the baseline's period. Good: "
            "near 100%; chance moves the fast line by 5%, the slow one by 3%. Below the dashed lines an "
            "alert fires.",
        ),
        [Query(q.lowest(SLICE_KEPT, EVERYBODY, by=["window"]), "over {{window}}")],
        WHOLE_PERCENT,
        Lines(steps=[(config.model.hit_rate_kept, RED), (limits.HIT_RATE_KEPT_SLOWLY, ORANGE)]),
        size=THIRD,
    )


def certainty() -> Panel:
    return timeseries(
        Heading(
            32,
            "Hit rate deviation, in standard errors",
            "By how many standard errors the hit rate of the last minute is below what is usual, for all "
            f"users and for each segment. Good: below 3; from the dashed line, {limits.SURE}, on chance "
            "does not explain it.",
        ),
        [Query(q.highest(SLICE_DEVIATION, f'window="{m.FAST}"', by=["segment"]), LEGEND)],
        Value("none", decimals=1),
        Lines(steps=[(limits.SURE, RED)]),
        size=THIRD,
    )


def measures_kept(config: Config) -> Panel:
    return timeseries(
        Heading(
            33,
            "Quality against its past",
            "NDCG, reciprocal rank, precision and click-through rate of 2 minutes, divided by their "
            "medians over the baseline's period. Good: near 100%; below the dashed line, "
            f"{config.model.ranking_kept:.0%}, an alert fires. When the hit rate holds and the ranks fall, "
            "the right items stand further down.",
        ),
        [Query(q.lowest(MEASURE_KEPT, CLOSED, by=["measure"]), "{{measure}}")],
        WHOLE_PERCENT,
        Lines(steps=[(config.model.ranking_kept, ORANGE)]),
        size=THIRD,
    )


def thumbs_down() -> Panel:
    return timeseries(
        Heading(
            34,
            "Thumbs down against their past",
            "Share of thumbs that point down, over 5 minutes, and what is usual. Good: similar lines; an "
            f"alert fires at {limits.MORE_THUMBS_DOWN:.0%} more than usual.",
        ),
        [
            Query(q.lowest(of, 'measure="thumbs_down"'), legend)
            for of, legend in ((MEASURE, "now"), (MEASURE_USUAL, "usual"))
        ],
        PERCENT,
    )


def requests() -> Panel:
    return timeseries(
        Heading(
            35,
            "Requests against their past",
            "Requests per second over 1 minute, divided by their median over the baseline's period. Good: "
            f"near 100%. Above the upper dashed line, {limits.SURGE:g} times, it is a surge; below the "
            f"lower one, {limits.FALL:.0%}, callers are missing.",
        ),
        [Query(q.lowest(MEASURE_KEPT, 'measure="requests"', by=["measure"]), "{{measure}}")],
        WHOLE_PERCENT,
        Lines(steps=[(limits.FALL, ORANGE), (limits.SURGE, ORANGE)]),
    )


def hit_rate_by_segment() -> Panel:
    of = (SEGMENT.matcher, f'segment!="{m.ALL}"', f'window="{m.SLOW}"')
    rate, labelled = (q.lowest(part, *of, by=["segment"]) for part in (SLICE_HIT_RATE, SLICE_LABELLED))
    return timeseries(
        Heading(
            41,
            "Hit rate by segment",
            f"Hit rate of each segment over 3 minutes; a segment with fewer than {m.ENOUGH} labelled "
            "requests is not shown. Good: steady lines, and no segment that falls alone.",
        ),
        [Query(q.provided(rate, labelled, m.ENOUGH), LEGEND)],
        PERCENT,
    )


def ndcg_by_segment() -> Panel:
    of, by = (SEGMENT.matcher,), ["segment"]
    labelled = f"300 * {sli.labelled(*of, by=by, window='5m')}"
    return timeseries(
        Heading(
            42,
            "NDCG by segment",
            f"NDCG of each segment over 5 minutes; a segment with fewer than {m.ENOUGH} labelled requests "
            "is not shown. Good: steady lines, and no segment that falls alone.",
        ),
        [Query(q.provided(m.ranking("ndcg", *of, by=by, window="5m"), labelled, m.ENOUGH), LEGEND)],
        SCORE,
    )


def segment_kept() -> Panel:
    return timeseries(
        Heading(
            43,
            "Hit rate by segment against its past",
            "Hit rate of each segment over 1 minute, divided by its usual one, and the best of them. Good: "
            f"near 100%, close together. A segment at or below the dashed line, {limits.SEGMENT_KEPT:.0%}, "
            "while the best one holds has a problem of its own.",
        ),
        [
            Query(q.lowest(SEGMENT_KEPT, SEGMENT.matcher, by=["segment"]), LEGEND),
            Query(q.lowest(SEGMENT_BEST), "best"),
        ],
        WHOLE_PERCENT,
        Lines(steps=[(limits.SEGMENT_KEPT, RED)]),
    )


def labelled_by_segment() -> Panel:
    return timeseries(
        Heading(
            44,
            "Labelled requests by segment",
            "Requests of the last minute whose label is known, the evidence behind the hit rates. Good: "
            f"above the dashed line, {m.ENOUGH}; with fewer, no alert decides. The standard error of a hit "
            "rate is about 0.5 divided by the root of this number.",
        ),
        [Query(q.lowest(SLICE_LABELLED, SEGMENT.matcher, f'window="{m.FAST}"', by=["segment"]), LEGEND)],
        COUNT,
        Lines(steps=[(m.ENOUGH, ORANGE)]),
    )
