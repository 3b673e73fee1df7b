"""Model versions side by side: how much each answers, from what, how well, and how users like it."""

from config import Config
from grafana.options import (
    FULL,
    ORANGE,
    PERCENT,
    QUARTER,
    RED,
    SCORE,
    SECONDS,
    SHARE,
    THIRD,
    WHOLE_PERCENT,
    Heading,
    Lines,
    Query,
    Size,
    Value,
)
from grafana.panels import Panel, row, timeseries
from grafana.sections.recommender.quality import CHOSEN
from grafana.sections.recommender.storage import slow_requests
from grafana.shapes import Column, Sort, table
from prometheus import indicators as sli
from prometheus import limits
from prometheus import queries as q
from prometheus.recommender import measures as m
from prometheus.recommender import versions as v
from prometheus.series.recorded import VERSION_DEVIATION, VERSION_KEPT, VERSION_LABELLED

BY = ["model_version"]
LEGEND = "{{model_version}}"
WHOLE = (v.WHOLE, CHOSEN[0])
WINDOW = "5m"


def panels(config: Config) -> list[Panel]:
    """Ids 9–21."""
    return [
        row(10, "Versions side by side"),
        side_by_side(),
        roll_out(),
        hit_rate(),
        ndcg(),
        reciprocal_rank(),
        click_through_rate(),
        thumbs_up(),
        sources(),
        against_each_other(),
        certainty(),
        response_time(config),
        cost(),
    ]


def side_by_side() -> Panel:
    served = sli.answers(*CHOSEN, by=BY, window=WINDOW)
    personal = sli.answers(sli.PERSONALISED, *CHOSEN, by=BY, window=WINDOW)
    columns = {
        "Requests": (f"{served} > 0", "reqps"),
        "Personalised": (q.known(f"({q.or_zero(personal, served)}) / {served}"), "percentunit"),
        "Hit rate": (q.known(sli.hit_rate(*CHOSEN, by=BY, window=WINDOW)), "percentunit"),
        "Precision": (m.ranking("precision", *CHOSEN, by=BY, window=WINDOW), "percentunit"),
        "NDCG": (m.ranking("ndcg", *CHOSEN, by=BY, window=WINDOW), "none"),
        "MRR": (m.ranking("reciprocal_rank", *CHOSEN, by=BY, window=WINDOW), "none"),
        "Click-through": (q.known(sli.click_through_rate(*CHOSEN, by=BY, window=WINDOW)), "percentunit"),
        "Thumbs up": (v.thumbs_up(*CHOSEN, window=WINDOW), "percentunit"),
        "Items shown": (v.items_shown(CHOSEN[0]), "none"),
        "Drift": (v.prediction_drift(CHOSEN[0]), "none"),
        "p50": (q.known(sli.stage_latency(0.5, *WHOLE, by=BY, window=WINDOW)), "s"),
        "p95": (q.known(sli.stage_latency(0.95, *WHOLE, by=BY, window=WINDOW)), "s"),
        "Cost of a million": (v.cost(CHOSEN[0]), "none"),
    }
    shown = [
        Column(f"Value #{chr(ord('A') + index)}", title, unit=unit, decimals=3 if unit == "none" else 1)
        for index, (title, (_, unit)) in enumerate(columns.items())
    ]
    return table(
        Heading(
            11,
            "Versions in numbers",
            "Each version's requests per second, share of personalised answers, ranking quality, thumbs, "
            "different items shown in 10 minutes, drift of its scores, response time, and what a million "
            "answers cost by the prices in whence.yaml, over 5 minutes. Good: similar lines; a new version "
            "is at least as good as the old one in every column, no slower and no dearer.",
        ),
        [Query(expr) for expr, _ in columns.values()],
        [Column("model_version", "Model version"), *shown],
        Sort("Requests", falling=True),
        size=Size(24, 6),
    )


def roll_out() -> Panel:
    return timeseries(
        Heading(
            12,
            "Share of requests by version",
            "How requests are divided among versions. Good: the shares that you set; no step without a "
            "change of yours.",
        ),
        [Query(q.known(sli.answer_shares(*CHOSEN, by=BY)), LEGEND)],
        SHARE,
        Lines(stacked=True),
        size=QUARTER,
    )


def hit_rate() -> Panel:
    return timeseries(
        Heading(
            13,
            "Hit rate by version",
            "Share of requests in which the user clicked at least one item, all answers of the version, "
            "over 5 minutes. Good: steady, and no version below the others.",
        ),
        [Query(q.known(sli.hit_rate(*CHOSEN, by=BY, window=WINDOW)), LEGEND)],
        PERCENT,
        size=QUARTER,
    )


def ndcg() -> Panel:
    return timeseries(
        Heading(
            14,
            "NDCG by version",
            "How near the top the clicked items of the version's own lists stood: 1 means all of them first, "
            "0 means no click, over 5 minutes. Good: steady, and no version below the others.",
        ),
        [Query(m.ranking("ndcg", *CHOSEN, by=BY, window=WINDOW), LEGEND)],
        SCORE,
        size=QUARTER,
    )


def reciprocal_rank() -> Panel:
    return timeseries(
        Heading(
            15,
            "MRR by version",
            "1 divided by the position of the first clicked item, 0 without a click, averaged over the "
            "version's own lists of 5 minutes. Good: steady, and no version below the others.",
        ),
        [Query(m.ranking("reciprocal_rank", *CHOSEN, by=BY, window=WINDOW), LEGEND)],
        SCORE,
        size=QUARTER,
    )


def click_through_rate() -> Panel:
    return timeseries(
        Heading(
            16,
            "Click-through rate by version",
            "Clicks per item shown, over 5 minutes. Good: steady, and no version below the others.",
        ),
        [Query(q.known(sli.click_through_rate(*CHOSEN, by=BY, window=WINDOW)), LEGEND)],
        PERCENT,
        size=THIRD,
    )


def thumbs_up() -> Panel:
    return timeseries(
        Heading(
            17,
            "Thumbs up by version",
            "Share of thumbs that point up, over 5 minutes. Good: steady. Steady clicks with falling "
            "thumbs mean items that attract users and then disappoint them.",
        ),
        [Query(v.thumbs_up(*CHOSEN, window=WINDOW), LEGEND)],
        SHARE,
        size=THIRD,
    )


def sources() -> Panel:
    by = [*BY, "source"]
    part, whole = (sli.answers(*CHOSEN, by=labels) for labels in (by, BY))
    return timeseries(
        Heading(
            18,
            "Share of answers by version and source",
            "What each version's answers were made from. Good: nearly all personalised, in every version. "
            "One version with many popular answers has no published features.",
        ),
        [
            Query(
                q.known(f"{part} / on (model_version) group_left () {whole}"), "{{model_version}} {{source}}"
            )
        ],
        SHARE,
        size=THIRD,
    )


def against_each_other() -> Panel:
    return timeseries(
        Heading(
            19,
            "Versions against each other",
            "Hit rate of each version's personalised answers, divided by that of all others, over 2 "
            "minutes; 1 for a version that is alone. Good: near 1. Below the dashed line, "
            f"{limits.VERSION_KEPT:.0%}, an alert fires, unless it can be chance.",
        ),
        [Query(f"({q.lowest(VERSION_KEPT, CHOSEN[0], by=BY)}) or {_alone()}", LEGEND)],
        WHOLE_PERCENT,
        Lines(steps=[(limits.VERSION_KEPT, ORANGE)]),
        size=THIRD,
    )


def certainty() -> Panel:
    return timeseries(
        Heading(
            20,
            "Version deviation, in standard errors",
            "By how many standard errors a version's hit rate is below the others' (two-proportion "
            "z-test); 0 for a version that is alone. Good: below 3. From the dashed line, "
            f"{limits.SURER:g}, on neither chance nor the mix of users explains it.",
        ),
        [Query(f"({q.highest(VERSION_DEVIATION, CHOSEN[0], by=BY)}) or 0 * {_alone()}", LEGEND)],
        Value("none", decimals=1),
        Lines(steps=[(limits.SURER, RED)]),
        size=THIRD,
    )


def response_time(config: Config) -> Panel:
    return timeseries(
        Heading(
            9,
            "Response time by version",
            "95th percentile of the whole inference pipeline, over 5 minutes; dots are traces, click one "
            "to open it. Good: similar lines below the dashed one, the objective. All versions wait for "
            "the same storage, so a single slow version is itself the cause.",
        ),
        [Query(q.known(sli.stage_latency(0.95, *WHOLE, by=BY, window=WINDOW)), LEGEND, exemplars=True)],
        SECONDS,
        Lines(steps=[(config.objectives.latency.threshold, RED)]),
        data_links=[slow_requests(config)],
        size=THIRD,
    )


def cost() -> Panel:
    return timeseries(
        Heading(
            21,
            "Cost of a million answers",
            "By version and by what is paid for, at the prices in whence.yaml, over 5 minutes: processor, "
            "reads of object storage and the bytes they bring, tokens of language models. Good: steady; "
            "fewer requests make each dearer, for what a process needs at rest is shared among them.",
        ),
        [Query(v.cost(CHOSEN[0], by=[*BY, "part"]), "{{model_version}} {{part}}")],
        Value("none", decimals=3),
        size=FULL,
    )


def _alone() -> str:
    return f"{q.lowest(VERSION_LABELLED, CHOSEN[0], by=BY)} ^ 0"
