"""The first page: what is wrong, whose doing it is, what it costs, what is live."""

from grafana import links
from grafana.options import (
    BLUE,
    COUNT,
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
from grafana.sections import storage, summary
from grafana.sections.summary import PERSONALISED, REQUESTS
from prometheus import external as e
from prometheus import names, objectives
from prometheus import queries as q
from prometheus.names import series
from telemetry import instruments

MODEL = series(instruments.RECOMMENDATION_MODEL_INFO)
FIRING = 'alertstate="firing"'
INBOX = links.inbox("Incidents")
QUALITY = links.dashboard("Quality and storage", links.QUALITY)
STORAGE = links.dashboard("Object storage", links.OBJECT_STORAGE)


def first_look() -> list[Panel]:
    """One line that answers: what is wrong, and whose doing is it? Ids 1–6."""
    return [
        summary.where_to_look(),
        firing("critical", 2, "Critical alerts", RED),
        firing("warning", 3, "Warnings", ORANGE),
        live_model(),
        requests(),
        silent_parts(),
    ]


def model_or_infrastructure() -> list[Panel]:
    """The two suspects side by side. Ids 11 and 12."""
    return [is_it_the_model(), is_it_the_infrastructure()]


def firing(severity: str, id: int, title: str, color: str) -> Panel:
    alerts = q.select(names.ALERTS, FIRING, f'severity="{severity}"')
    return stat(
        Heading(id, title, f"Alerts of severity {severity} that are firing. Good: 0."),
        Query(q.or_zero(f"count ({alerts})")),
        COUNT,
        Levels(steps=[(1, color)]),
        data_links=[INBOX],
    )


def live_model() -> Panel:
    return name(
        Heading(
            4,
            "Live model",
            "Version of the model that answers; two of them while instances switch. Good: the one you "
            "deployed.",
        ),
        Query(f"max by (model_version) ({q.select(MODEL)}) == 1", "{{model_version}}"),
        Levels(BLUE),
        data_links=[QUALITY],
        width=6,
    )


def requests() -> Panel:
    return stat(
        Heading(
            5,
            "Recommendations",
            "Recommendations served per second, over 1 minute. Good: what you expect at this hour.",
        ),
        Query(q.rate(REQUESTS, window="1m")),
        REQUEST_RATE,
        Levels(BLUE),
        data_links=[links.dashboard("Service", links.SERVICE)],
    )


def silent_parts() -> Panel:
    return stat(
        Heading(
            6,
            "Parts down",
            "Parts of the stack that do not answer. Good: 0; otherwise mistrust what they would have told.",
        ),
        Query(q.or_zero(f"count ({q.select(e.UP)} == 0)")),
        COUNT,
        Levels(steps=[(1, RED)]),
        data_links=[links.dashboard("Pipeline health", links.PIPELINE)],
    )


def is_it_the_model() -> Panel:
    return timeseries(
        Heading(
            11,
            "Is it the model?",
            "Share of requests in which the user clicked an item: all answers, and the model's own, "
            "personalised ones, which storage cannot spoil. Good: both steady. When the model's own falls, "
            "it is the model; when only the users' falls, it is not.",
        ),
        [
            Query(q.known(q.hit_rate(PERSONALISED, window="5m")), "model's own hit rate"),
            Query(q.known(q.hit_rate(window="5m")), "users' hit rate"),
        ],
        PERCENT,
        Lines(colors={"model's own hit rate": "purple", "users' hit rate": "blue"}),
        data_links=[QUALITY],
        size=Size(12, 7),
    )


def is_it_the_infrastructure() -> Panel:
    return timeseries(
        Heading(
            12,
            "Is it the infrastructure?",
            "95th percentile of storage operations; dots are traces, click one to open it. Good: flat, "
            f"below the dashed line, the deadline of {storage.DEADLINE_MS} ms; above it answers lose the "
            "user's features.",
        ),
        [
            Query(
                q.known(q.quantile(0.95, storage.DURATION, storage.RECOMMENDER)),
                "storage p95",
                exemplars=True,
            )
        ],
        SECONDS,
        Lines(steps=[(objectives.STORAGE_DEADLINE, RED)], colors={"storage p95": "orange"}),
        data_links=[STORAGE, storage.SLOW_CALLS],
        size=Size(12, 7),
    )
