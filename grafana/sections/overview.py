"""The first page: what is wrong, whose doing it is, what it costs, what is live."""

from config import Config
from grafana import links
from grafana.options import (
    BLUE,
    COUNT,
    NUMBER,
    ORANGE,
    PERCENT,
    RED,
    REQUEST_RATE,
    SECONDS,
    Heading,
    Levels,
    Lines,
    Query,
    Size,
)
from grafana.panels import Panel, name, stat, timeseries
from grafana.sections import verdict
from grafana.sections.recommender import storage
from grafana.sections.verdict import CRITICAL, FIRING, NO_VERDICT, OPEN
from prometheus import indicators as sli
from prometheus import names
from prometheus import queries as q
from prometheus.names import series
from prometheus.series import external as e
from telemetry import instruments

MODEL = series(instruments.RECOMMENDATION_MODEL_INFO)
QUALITY = links.dashboard("Quality and storage", links.QUALITY)
STORAGE = links.dashboard("Object storage", links.OBJECT_STORAGE)


def first_look(config: Config) -> list[Panel]:
    """One line that answers: what is wrong, and whose doing is it? Ids 1–6."""
    return [
        verdict.where_to_look(config, Size(7, 4)),
        firing(config, 2, "Critical", CRITICAL, RED),
        firing(config, 3, "Warnings", 'severity="warning"', ORANGE),
        live_model(),
        requests(),
        silent_parts(),
    ]


def model_or_infrastructure(config: Config) -> list[Panel]:
    """The two suspects side by side. Ids 11 and 12."""
    return [is_it_the_model(), is_it_the_infrastructure(config)]


def firing(config: Config, id: int, title: str, severity: str, color: str) -> Panel:
    alerts = q.select(names.ALERTS, FIRING, severity, NO_VERDICT)
    incidents = q.select(OPEN, severity)
    return stat(
        Heading(
            id,
            title,
            "Firing alerts of this severity; where Grafana evaluates them, open incidents of it. Good: 0.",
        ),
        Query(q.or_zero(f"count ({alerts}) or count ({incidents} > 0)")),
        COUNT,
        Levels(steps=[(1, color)]),
        data_links=[links.inbox("Incidents", config)],
        size=Size(3, 4),
    )


def live_model() -> Panel:
    return name(
        Heading(
            4,
            "Live model",
            "Version of the model that answers; two while a version is rolled out. Good: the one you "
            "deployed.",
        ),
        Query(f"max by (model_version) ({q.select(MODEL)}) == 1", "{{model_version}}"),
        Levels(BLUE),
        data_links=[QUALITY],
        size=NUMBER,
    )


def requests() -> Panel:
    return stat(
        Heading(
            5,
            "Requests",
            "Recommendations served per second, over 1 minute. Good: as usual at this hour.",
        ),
        Query(sli.answers(window="1m")),
        REQUEST_RATE,
        Levels(BLUE),
        data_links=[links.dashboard("Service", links.SERVICE)],
        size=Size(3, 4),
    )


def silent_parts() -> Panel:
    return stat(
        Heading(
            6,
            "Parts down",
            "Parts of the stack that do not answer. Good: 0; the panels fed by a part that is down show "
            "too little.",
        ),
        Query(q.or_zero(f"count ({q.lowest(e.UP, by=['job'])} == 0)")),
        COUNT,
        Levels(steps=[(1, RED)]),
        data_links=[links.dashboard("Pipeline health", links.PIPELINE)],
    )


def is_it_the_model() -> Panel:
    return timeseries(
        Heading(
            11,
            "Is it the model?",
            "Share of requests in which the user clicked an item: for all answers, and for personalised "
            "ones only, which slow storage does not affect. Good: both steady. When both fall, look at the "
            "model; when only the users' hit rate falls, look at storage.",
        ),
        [
            Query(q.known(sli.hit_rate(sli.PERSONALISED, window="5m")), "model's own hit rate"),
            Query(q.known(sli.hit_rate(window="5m")), "users' hit rate"),
        ],
        PERCENT,
        Lines(colors={"model's own hit rate": "purple", "users' hit rate": "blue"}),
        data_links=[QUALITY],
        size=Size(12, 7),
    )


def is_it_the_infrastructure(config: Config) -> Panel:
    return timeseries(
        Heading(
            12,
            "Is it the infrastructure?",
            "95th percentile of storage operations; dots are traces, click one to open it. Good: flat, "
            f"below the dashed line, the deadline of {storage.deadline_ms(config)} ms; slower reads cost "
            "answers the user's features.",
        ),
        [
            Query(
                q.known(sli.storage_latency(0.95)),
                "storage p95",
                exemplars=True,
            )
        ],
        SECONDS,
        Lines(steps=[(config.storage.deadline, RED)], colors={"storage p95": "orange"}),
        data_links=[STORAGE, storage.slow_calls(config)],
        size=Size(12, 7),
    )
