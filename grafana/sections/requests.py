"""Rate, errors and duration of an HTTP service, route by route."""

from grafana.panels import RED, Panel, Query, row, timeseries
from grafana.sections.service import CHOSEN, FAILED, FAILED_TRACES, REQUESTS, SLOW, SLOW_TRACES, TIMED, TRACES
from grafana.shapes import heatmap
from prometheus import queries as q

BY_ROUTE = ["http_request_method", "http_route"]
ROUTE_LEGEND = "{{http_request_method}} {{http_route}}"


def panels() -> list[Panel]:
    """Rate, errors, duration. Ids 10–16."""
    return [
        row(10, "Rate, errors and duration by route"),
        requests_by_route(),
        errors_by_route(),
        duration_by_route(),
        duration_quantiles(),
        duration_heatmap(),
        answers_by_status(),
    ]


def requests_by_route() -> Panel:
    """Rate."""
    return timeseries(
        11,
        "Requests by route",
        "Requests per second by route. Good: the usual shape; a route that falls to nothing lost its "
        "callers.",
        [Query(q.observations(REQUESTS, *CHOSEN, by=BY_ROUTE), ROUTE_LEGEND)],
        unit="reqps",
        decimals=1,
        stacked=True,
        data_links=[TRACES],
    )


def errors_by_route() -> Panel:
    """Errors."""
    failed, served = (q.observations(REQUESTS, *where, by=BY_ROUTE) for where in (FAILED, CHOSEN))
    return timeseries(
        12,
        "Failed requests by route",
        "Requests per second answered with a server error (5xx). Good: 0 on every route.",
        [Query(q.or_zero(failed, served), ROUTE_LEGEND)],
        unit="reqps",
        decimals=2,
        data_links=[FAILED_TRACES],
    )


def duration_by_route() -> Panel:
    """Duration."""
    return timeseries(
        13,
        "Duration by route, p95",
        "95th percentile by route; dots are traces, click one to open it. "
        f"Good: flat and below the dashed line, {SLOW * 1000:.0f} ms.",
        [Query(q.known(q.quantile(0.95, REQUESTS, *TIMED, by=BY_ROUTE)), ROUTE_LEGEND, exemplars=True)],
        unit="s",
        steps=[(SLOW, RED)],
        data_links=[SLOW_TRACES],
    )


def duration_quantiles() -> Panel:
    """How unequal the waits are."""
    quantiles = [
        Query(q.quantile(share, REQUESTS, *TIMED), f"p{share * 100:.0f}", exemplars=share == 0.99)
        for share in (0.5, 0.95, 0.99)
    ]
    return timeseries(
        14,
        "Duration quantiles",
        "Median, 95th and 99th percentile over the chosen routes; dots are traces. "
        "Good: lines close to each other; a p99 that leaves the others is a minority that suffers.",
        quantiles,
        unit="s",
        steps=[(SLOW, RED)],
        data_links=[SLOW_TRACES],
    )


def duration_heatmap() -> Panel:
    """The shape that quantiles hide."""
    return heatmap(
        15,
        "Duration heatmap",
        "How many requests took how long. Good: one narrow low band; a second one is a second way to fail.",
        Query(q.distribution(REQUESTS, *TIMED), exemplars=True),
        unit="s",
        data_links=[SLOW_TRACES],
    )


def answers_by_status() -> Panel:
    """What callers get."""
    return timeseries(
        16,
        "Answers by status code",
        "Answers per second by HTTP status. Good: nearly all 2xx; 4xx are the callers' mistakes, 5xx are "
        "ours.",
        [
            Query(
                q.observations(REQUESTS, *CHOSEN, by=["http_response_status_code"]),
                "{{http_response_status_code}}",
            )
        ],
        unit="reqps",
        decimals=1,
        stacked=True,
        colors={"200": "green", "202": "green", "500": "red", "503": "red"},
        data_links=[TRACES],
    )
