"""A version in the shadow: how its answers differ from those that users get, and what it takes."""

from config import Config
from grafana import links
from grafana.options import HALF, RED, SHARE, Heading, Lines, Query, Value
from grafana.panels import Panel, row, timeseries
from grafana.sections.recommender.quality import CHOSEN
from grafana.sections.recommender.storage import SERVICE
from prometheus.needs import Need
from prometheus.recommender import versions as v
from telemetry import attributes as a
from telemetry import spans
from telemetry.shadow import ListDifference

LEGEND = "{{shadow_model_version}} {{segment}}"
BY = [v.SHADOW_VERSION, v.SEGMENT]
WINDOW = "5m"
NONE = "no version in the shadow: make shadow"


def panels(config: Config) -> list[Panel]:
    """Ids 22–26."""
    return [
        row(22, "In the shadow: the same requests, answered by another version"),
        agreement(),
        overlap(),
        outcomes(),
        processor(config),
    ]


def agreement() -> Panel:
    return timeseries(
        Heading(
            23,
            "Agreement by segment",
            "Share of the items that both versions chose for the same request, mean over 5 minutes; click a "
            "line for traces with both answers. Good: steady; a segment far below the others is where "
            "the new version differs. Different is not worse: an experiment tells which.",
        ),
        [Query(v.agreement(*CHOSEN, by=BY, window=WINDOW), LEGEND, needs=Need.SHADOW)],
        SHARE,
        no_value=NONE,
        data_links=[_traces()],
        size=HALF,
    )


def overlap() -> Panel:
    return timeseries(
        Heading(
            24,
            "Rank-biased overlap by segment",
            "How alike the two lists are in order, the first places weighing most; 1 is the same list. Mean "
            "over 5 minutes. Good: steady. Below the agreement: the same items, in another order.",
        ),
        [Query(v.overlap(*CHOSEN, by=BY, window=WINDOW), LEGEND, needs=Need.SHADOW)],
        SHARE,
        no_value=NONE,
        size=HALF,
    )


def outcomes() -> Panel:
    return timeseries(
        Heading(
            25,
            "Requests to the shadow by outcome",
            "What became of requests that the version in the shadow was to answer too, per second. Good: "
            "nearly all answered. `busy` and `queue_full` were dropped so that users do not wait; "
            "`features_missing` for long means that the version cannot be rolled out.",
        ),
        [
            Query(
                v.shadow_requests(by=[v.SHADOW_VERSION, v.OUTCOME], window=WINDOW),
                "{{shadow_model_version}} {{outcome}}",
                needs=Need.SHADOW,
            )
        ],
        Value("reqps", decimals=1),
        Lines(stacked=True),
        no_value=NONE,
        size=HALF,
    )


def processor(config: Config) -> Panel:
    limit = config.shadow.processor
    return timeseries(
        Heading(
            26,
            "Processor time in the shadow",
            f"Share of a processor that answers in the shadow take, by process. Good: below {limit:.0%}, the "
            "dashed line: at it, requests queue up and are dropped.",
        ),
        [
            Query(
                v.shadow_processor(by=["service_instance_id"], window=WINDOW),
                "{{service_instance_id}}",
                needs=Need.SHADOW,
            )
        ],
        SHARE,
        Lines(steps=[(limit, RED)]),
        no_value=NONE,
        size=HALF,
    )


def _traces() -> links.Link:
    return links.traces(
        "Requests whose answers differ most",
        service=SERVICE,
        operation=spans.SHADOW_ANSWER.name,
        tags=f'{a.SHADOW_DIFFERENCE}="{ListDifference.MOST.value}"',
    )
