"""Any HTTP service at a glance, and where its time goes."""

from dataclasses import replace

from config import Config
from grafana import links
from grafana.options import BLUE, ORANGE, RED, REQUEST_RATE, Heading, Levels, Query, Value
from grafana.panels import Panel, row, stat, timeseries
from grafana.variables import Variable
from prometheus import indicators as sli
from prometheus import names
from prometheus import queries as q
from prometheus.names import REQUEST_SPANS
from prometheus.series import external as e
from prometheus.services.requests import HTTP

SERVICE = Variable("service_name", "Service", HTTP, REQUEST_SPANS)
ROUTE = Variable("http_route", "Route", HTTP, REQUEST_SPANS, where=(SERVICE.matcher,))
CHOSEN = (SERVICE.matcher, ROUTE.matcher)
TIMED = (*CHOSEN, 'http_route!~".*/stream"')
"""A stream lasts as long as someone listens."""

LATE = 0.05
TRACES = links.traces("Traces", service="${service_name}")
FAILED_TRACES = links.traces("Failed traces", service="${service_name}", tags="error=true")


def variables(config: Config) -> list[Variable]:
    """Which service, at first the first of those that are watched, and which of its routes."""
    return [replace(SERVICE, first=config.watched[0].name), ROUTE]


def slow_traces(config: Config) -> links.Link:
    slow = round(config.objectives.latency.threshold * 1000)
    return links.traces("Slow traces", service="${service_name}", slower_than_ms=slow)


def numbers(config: Config) -> list[Panel]:
    """The service at a glance. Ids 1–6."""
    return [requests(), errors(), p95(config), event_loop_lag(), cpu(), memory()]


def stages(config: Config) -> list[Panel]:
    """Where the time goes. Ids 20–22."""
    return [row(20, "Stages: where the time goes"), operations(config), failed_operations()]


def requests() -> Panel:
    return stat(
        Heading(1, "Requests", "Requests per second, over 1 minute. Good: as usual at this hour."),
        Query(sli.requests(*CHOSEN, window="1m")),
        REQUEST_RATE,
        Levels(BLUE),
    )


def errors() -> Panel:
    return stat(
        Heading(
            2,
            "Error rate",
            "Share of requests answered with a server error (5xx), over 1 minute. Good: 0%.",
        ),
        Query(q.known(sli.requests_failed_share(*CHOSEN, window="1m"))),
        Value("percentunit", decimals=2),
        Levels(steps=[(0.001, ORANGE), (0.01, RED)]),
        data_links=[FAILED_TRACES],
    )


def p95(config: Config) -> Panel:
    return stat(
        Heading(
            3,
            "Duration, p95",
            "95th percentile of the duration of requests, streams left out, over 1 minute. Good: below "
            f"{config.objectives.latency.threshold * 1000:.0f} ms.",
        ),
        Query(q.known(sli.request_latency(0.95, *TIMED, window="1m"))),
        Value("s", decimals=0),
        Levels(
            steps=[
                (config.objectives.latency.threshold / 2, ORANGE),
                (config.objectives.latency.threshold, RED),
            ]
        ),
        data_links=[slow_traces(config)],
    )


def event_loop_lag() -> Panel:
    return stat(
        Heading(
            4,
            "Loop lag, p99",
            f"Delay of the event loop, 99th percentile over 1 minute. Good: below {LATE * 1000:.0f} ms; "
            "above, something blocks the loop or the CPU is busy.",
        ),
        Query(q.known(sli.event_loop_lag(0.99, SERVICE.matcher, window="1m"))),
        Value("s", decimals=1),
        Levels(steps=[(LATE / 2, ORANGE), (LATE, RED)]),
    )


def cpu() -> Panel:
    return stat(
        Heading(
            5,
            "CPU",
            "CPU cores that the service's processes use, over 1 minute. Good: below 0.8 for each process, "
            "because Python runs on one core.",
        ),
        Query(sli.processor_use(SERVICE.matcher, window="1m")),
        Value("none", decimals=2),
        Levels(steps=[(0.6, ORANGE), (0.8, RED)]),
    )


def memory() -> Panel:
    return stat(
        Heading(
            6,
            "Memory",
            "Resident memory of the service's processes. Good: level; a steady rise is a leak.",
        ),
        Query(q.level(e.PROCESS_MEMORY, SERVICE.matcher)),
        Value("bytes", decimals=0),
        Levels(BLUE),
    )


def operations(config: Config) -> Panel:
    p95_of_spans = q.classic_quantile(0.95, names.SPAN_DURATION_BUCKET, SERVICE.matcher, by=["span_name"])
    return timeseries(
        Heading(
            21,
            "Stages, p95",
            "95th percentile of each operation in the traces, estimated from buckets, over all routes. "
            "Good: flat; look at the innermost stage that rises, those above it in the trace only wait for "
            "it.",
        ),
        [Query(q.known(p95_of_spans), "{{span_name}}", exemplars=True)],
        Value("ms", decimals=0),
        data_links=[slow_traces(config)],
    )


def failed_operations() -> Panel:
    failed = q.rate(names.SPAN_CALLS, SERVICE.matcher, 'status_code="STATUS_CODE_ERROR"', by=["span_name"])
    calls = q.rate(names.SPAN_CALLS, SERVICE.matcher, by=["span_name"])
    return timeseries(
        Heading(
            22,
            "Failed stages",
            "Operations per second whose span ended with an error. Good: 0; the innermost one that fails "
            "is the cause.",
        ),
        [Query(q.or_zero(failed, calls), "{{span_name}}")],
        Value("ops", decimals=2),
        data_links=[FAILED_TRACES],
    )
