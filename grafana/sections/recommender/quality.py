"""Recommendation quality: what users get, by who answered."""

from grafana.options import PERCENT, QUARTER, SHARE, Heading, Lines, Query, Size, Value
from grafana.panels import Panel, row, timeseries
from grafana.shapes import bars
from grafana.variables import Variable
from prometheus import indicators as sli
from prometheus import queries as q
from prometheus.names import series
from telemetry import instruments

MODEL = series(instruments.RECOMMENDATION_MODEL_INFO)
DATASET = Variable("dataset_id", "Data set", MODEL)
VERSION = Variable("model_version", "Model version", MODEL, where=(DATASET.matcher,))
SEGMENT = Variable("segment", "User segment", sli.REQUESTS)
SOURCES = {"personalised": "green", "stale": "orange", "popular": "red"}
CHOSEN = (VERSION.matcher, SEGMENT.matcher)


def panels() -> list[Panel]:
    """Ids 10–15."""
    return [
        row(10, "Quality: what users get"),
        hit_rate_by_version_and_source(),
        click_through_rate(),
        answers_by_source(),
        reasons(),
        hit_rate_by_source(),
    ]


def hit_rate_by_version_and_source() -> Panel:
    return timeseries(
        Heading(
            11,
            "Hit rate by model version and source",
            "Share of requests in which the user clicked at least one item, by version and source. Good: "
            "steady lines; when one falls alone, look at that version or that source.",
        ),
        [
            Query(
                q.known(sli.hit_rate(*CHOSEN, by=["model_version", "source"], window="5m")),
                "{{model_version}} {{source}}",
            )
        ],
        PERCENT,
    )


def click_through_rate() -> Panel:
    return timeseries(
        Heading(
            12,
            "Click-through rate by model version",
            "Clicks per item shown. Good: steady, and no lower after a deployment than before.",
        ),
        [
            Query(
                q.known(sli.click_through_rate(*CHOSEN, by=["model_version"], window="5m")),
                "{{model_version}}",
            )
        ],
        Value("percentunit", decimals=2),
    )


def answers_by_source() -> Panel:
    return timeseries(
        Heading(
            13,
            "Share of answers by source",
            "Where answers come from. Good: nearly all personalised. The shares of stale and popular grow "
            "when storage misses its deadline.",
        ),
        [Query(sli.answer_shares(*CHOSEN, by=["source"]), "{{source}}")],
        SHARE,
        Lines(stacked=True, colors=SOURCES),
        size=Size(9, 8),
    )


def reasons() -> Panel:
    return timeseries(
        Heading(
            14,
            "Reasons for degraded answers",
            "Answers per second that are not personalised, by reason. Good: only unknown users.",
        ),
        [Query(sli.answers('source!="personalised"', *CHOSEN, by=["reason"]), "{{reason}}")],
        Value("reqps", decimals=2),
        size=Size(9, 8),
    )


def hit_rate_by_source() -> Panel:
    return bars(
        Heading(
            15,
            "Hit rate by source",
            "Hit rate of answers from each source, over 5 minutes. Good: personalised is highest. The gap "
            "from personalised to popular is the cost of slow storage.",
        ),
        Query(q.known(sli.hit_rate(*CHOSEN, by=["source"], window="5m")), "{{source}}"),
        Value("percentunit", maximum=1),
        size=QUARTER,
    )
