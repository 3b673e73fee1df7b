"""Rate, errors and duration of an HTTP service, route by route."""

from config import Config
from grafana.options import RED, REQUEST_RATE, SECONDS, Heading, Lines, Query, Value
from grafana.panels import Panel, row, timeseries
from grafana.sections.service import CHOSEN, FAILED_TRACES, TIMED, TRACES, slow_traces
from grafana.shapes import heatmap
from prometheus import indicators as sli
from prometheus import queries as q

BY_ROUTE = ["http_request_method", "http_route"]
ROUTE_LEGEND = "{{http_request_method}} {{http_route}}"


def panels(config: Config) -> list[Panel]:
    """Rate, errors, duration. Ids 10–16."""
    return [
        row(10, "Rate, errors and duration by route"),
        requests_by_route(),
        errors_by_route(),
        duration_by_route(config),
        duration_quantiles(config),
        duration_heatmap(config),
        answers_by_status(),
    ]


def requests_by_route() -> Panel:
    return timeseries(
        Heading(
            11,
            "Requests by route",
            "Requests per second by route. Good: the usual shape; a route that falls to 0 lost its callers.",
        ),
        [Query(sli.requests(*CHOSEN, by=BY_ROUTE), ROUTE_LEGEND)],
        REQUEST_RATE,
        Lines(stacked=True),
        data_links=[TRACES],
    )


def errors_by_route() -> Panel:
    failed, served = (of(*CHOSEN, by=BY_ROUTE) for of in (sli.requests_failed, sli.requests))
    return timeseries(
        Heading(
            12,
            "Failed requests by route",
            "Requests per second answered with a server error (5xx). Good: 0 on every route.",
        ),
        [Query(q.or_zero(failed, served), ROUTE_LEGEND)],
        Value("reqps", decimals=2),
        data_links=[FAILED_TRACES],
    )


def duration_by_route(config: Config) -> Panel:
    return timeseries(
        Heading(
            13,
            "Duration by route, p95",
            "95th percentile by route; dots are traces, click one to open it. Good: flat and below the "
            f"dashed line, {config.objectives.latency.threshold * 1000:.0f} ms.",
        ),
        [Query(q.known(sli.request_latency(0.95, *TIMED, by=BY_ROUTE)), ROUTE_LEGEND, exemplars=True)],
        SECONDS,
        Lines(steps=[(config.objectives.latency.threshold, RED)]),
        data_links=[slow_traces(config)],
    )


def duration_quantiles(config: Config) -> Panel:
    quantiles = [
        Query(sli.request_latency(share, *TIMED), f"p{share * 100:.0f}", exemplars=share == 0.99)
        for share in (0.5, 0.95, 0.99)
    ]
    return timeseries(
        Heading(
            14,
            "Duration quantiles",
            "Median, 95th and 99th percentile over the chosen routes; dots are traces. Good: lines close "
            "to each other; a p99 far above the others means that a few requests are slow.",
        ),
        quantiles,
        SECONDS,
        Lines(steps=[(config.objectives.latency.threshold, RED)]),
        data_links=[slow_traces(config)],
    )


def duration_heatmap(config: Config) -> Panel:
    return heatmap(
        Heading(
            15,
            "Duration heatmap",
            "Requests by duration. Good: one narrow, low band; a second, higher band means that some "
            "requests take a slow path.",
        ),
        Query(sli.request_durations(*TIMED)),
        data_links=[slow_traces(config)],
    )


def answers_by_status() -> Panel:
    return timeseries(
        Heading(
            16,
            "Answers by status code",
            "Answers per second by HTTP status. Good: nearly all 2xx; 4xx are errors of callers, 5xx "
            "errors of the service.",
        ),
        [
            Query(
                sli.requests(*CHOSEN, by=["http_response_status_code"]),
                "{{http_response_status_code}}",
            )
        ],
        REQUEST_RATE,
        Lines(stacked=True, colors={"200": "green", "202": "green", "500": "red", "503": "red"}),
        data_links=[TRACES],
    )
