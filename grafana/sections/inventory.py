"""What is live: the services with their load and state, the model and its data."""

from config import Config
from grafana import links
from grafana.options import BLUE, ORANGE, PURPLE, RED, Heading, Query, Size
from grafana.panels import Panel, row
from grafana.shapes import Column, Sort, table, timeline
from prometheus import indicators as sli
from prometheus import queries as q
from prometheus.names import series
from prometheus.series import external as e
from telemetry import instruments

MODEL = series(instruments.RECOMMENDATION_MODEL_INFO)
NAME = ["service_name"]
NO_STREAM = 'http_route!~".*/stream"'
SERVICE = links.dashboard("Service", links.SERVICE, service_name="${__data.fields.service_name}")
MODEL_AND_DATA = links.dashboard(
    "Model and data", links.MODEL_AND_DATA, model_version="${__data.fields.model_version}"
)
RESOURCES = links.dashboard("Process and host", links.RESOURCES, service_name="${__data.fields.service_name}")


def panels(config: Config) -> list[Panel]:
    """Ids 40–43."""
    return [row(40, "What is live"), services(config), model(), versions()]


def services(config: Config) -> Panel:
    return table(
        Heading(
            41,
            "Services",
            "Each service that sends telemetry: its load, share of failed requests, duration and "
            "resources, over the last minute. Good: nothing in red; click a name for its dashboard. A dash "
            "means no requests.",
        ),
        [Query(expr) for expr in _of_services()],
        [
            Column("service_name", "Service", data_links=[SERVICE, RESOURCES]),
            Column("service_version", "Version"),
            Column("Value #A", "Requests", unit="reqps", decimals=1),
            Column(
                "Value #B", "Failed", unit="percentunit", decimals=2, steps=[(0.001, ORANGE), (0.01, RED)]
            ),
            Column(
                "Value #C",
                "p95",
                unit="s",
                decimals=0,
                steps=[
                    (config.objectives.latency.threshold / 2, ORANGE),
                    (config.objectives.latency.threshold, RED),
                ],
            ),
            Column("Value #D", "CPU cores", unit="none", decimals=2, steps=[(0.6, ORANGE), (0.8, RED)]),
            Column("Value #E", "Memory", unit="bytes", decimals=0),
        ],
        Sort("Service"),
        hidden=["Value #F"],
        size=Size(24, 6),
    )


def model() -> Panel:
    labels = ["model_version", "dataset_id", "trained_at"]
    return table(
        Heading(
            42,
            "Model",
            "The model that answers, the data set it was trained on, and when. Good: the one you deployed; "
            "click it for the dashboard Model and data.",
        ),
        [Query(f"{q.highest(MODEL, by=labels)} == 1")],
        [
            Column(
                "model_version",
                "Model version",
                data_links=[MODEL_AND_DATA, links.dashboard("Quality and storage", links.QUALITY)],
            ),
            Column("dataset_id", "Data set"),
            Column("trained_at", "Trained at"),
        ],
        Sort("Model version"),
        hidden=["Value"],
        size=Size(12, 6),
    )


def versions() -> Panel:
    return timeline(
        Heading(
            43,
            "Model versions over time",
            "Which version answered when. Good: one at a time, and no change but yours.",
        ),
        Query(q.highest(MODEL, by=["model_version"]), "{{model_version}}"),
        {0: ("replaced", BLUE), 1: ("live", PURPLE)},
        size=Size(12, 6),
    )


def _of_services() -> list[str]:
    named = q.level(e.PROCESS_MEMORY, by=[*NAME, "service_version"])
    return [
        sli.requests(by=NAME, window="1m"),
        q.known(sli.requests_failed_share(by=NAME, window="1m")),
        q.known(sli.request_latency(0.95, NO_STREAM, by=NAME, window="1m")),
        sli.processor_use(by=NAME, window="1m"),
        q.level(e.PROCESS_MEMORY, by=NAME),
        named,
    ]
