"""Object storage as the recommender sees it."""

from config import Config
from grafana import links
from grafana.options import (
    COUNT,
    ORANGE,
    PERCENT,
    RED,
    SECONDS,
    THIRD,
    Heading,
    Levels,
    Lines,
    Query,
    Size,
    Steps,
    Value,
)
from grafana.panels import Panel, row, stat, timeseries
from grafana.shapes import heatmap
from prometheus import indicators as sli
from prometheus import queries as q
from telemetry import instruments, spans

SERVICE = instruments.STORAGE_OPERATION_DURATION.service


def deadline_ms(config: Config) -> int:
    return round(config.storage.deadline * 1000)


def deadline_line(config: Config) -> Steps:
    return [(config.storage.deadline, RED)]


def slow_calls(config: Config) -> links.Link:
    slow = deadline_ms(config)
    operation = spans.S3_GET_OBJECT.name
    return links.traces("Slow storage calls", service=SERVICE, operation=operation, slower_than_ms=slow)


def slow_requests(config: Config) -> links.Link:
    slow, operation = deadline_ms(config), spans.SERVER.name
    return links.traces("Slow requests", service=SERVICE, operation=operation, slower_than_ms=slow)


def panels(config: Config) -> list[Panel]:
    """Ids 20–27."""
    return [
        row(20, "Storage: what it costs"),
        average_latency(config),
        latency_quantiles(config),
        latency_heatmap(config, 23, "Storage latency heatmap"),
        operations_by_outcome(),
        operations_in_flight(),
        deadline_misses(config, 26, THIRD),
        time_per_stage(config),
    ]


def misses(config: Config) -> Levels:
    limit = config.storage.deadline_misses
    return Levels(steps=[(limit / 5, ORANGE), (limit, RED)])


def latency_now(config: Config, id: int, title: str, size: Size) -> Panel:
    return stat(
        Heading(
            id,
            title,
            "95th percentile of storage operations, over 1 minute. Good: well below the deadline of "
            f"{deadline_ms(config)} ms.",
        ),
        Query(q.known(sli.storage_latency(0.95, window="1m"))),
        Value("s", decimals=0),
        Levels(steps=[(config.storage.deadline / 2, ORANGE), (config.storage.deadline, RED)]),
        data_links=[slow_calls(config)],
        size=size,
    )


def misses_now(config: Config, id: int, title: str, size: Size) -> Panel:
    return stat(
        Heading(
            id,
            title,
            "Share of storage operations slower than the deadline, over 1 minute. Good: 0%.",
        ),
        Query(q.known(sli.storage_late_share(config.storage.deadline, window="1m"))),
        PERCENT,
        misses(config),
        data_links=[slow_calls(config)],
        size=size,
    )


def average_latency(config: Config) -> Panel:
    return timeseries(
        Heading(
            21,
            "Storage Latency",
            "Average duration of storage operations in milliseconds, from their 5-minute rate. Good: below "
            f"the dashed line, {config.storage.average_limit * 1000:.0f} ms, where High Storage Latency "
            "fires.",
        ),
        [Query(sli.storage_latency_mean_ms(by=["operation"], window="5m"), "{{operation}}")],
        Value("ms", decimals=0),
        Lines(steps=[(config.storage.average_limit * 1000, RED)]),
        data_links=[slow_calls(config)],
    )


def latency_quantiles(config: Config) -> Panel:
    quantiles = [
        Query(sli.storage_latency(share), f"p{share * 100:.0f}", exemplars=share == 0.95)
        for share in (0.5, 0.95, 0.99)
    ]
    return timeseries(
        Heading(
            22,
            "Storage latency quantiles",
            "Median, 95th and 99th percentile of storage operations; dots are traces, click one to open "
            f"it. Good: p95 below the dashed line, the deadline of {deadline_ms(config)} ms.",
        ),
        quantiles,
        SECONDS,
        Lines(steps=deadline_line(config)),
        data_links=[slow_calls(config)],
    )


def latency_heatmap(config: Config, id: int, title: str) -> Panel:
    return heatmap(
        Heading(
            id,
            title,
            "Storage operations by duration. Good: one narrow, low band; a second, higher band means an "
            "intermittent fault.",
        ),
        Query(q.distribution(sli.STORAGE, sli.RECOMMENDER)),
        data_links=[slow_calls(config)],
    )


def operations_by_outcome() -> Panel:
    return timeseries(
        Heading(
            24,
            "Storage operations by outcome",
            "Operations per second by how they ended. Good: all are ok.",
        ),
        [
            Query(
                sli.storage_operations(by=["operation", "outcome"]),
                "{{operation}} {{outcome}}",
            )
        ],
        Value("ops", decimals=1),
        Lines(stacked=True),
    )


def operations_in_flight() -> Panel:
    return timeseries(
        Heading(
            25,
            "Storage operations in flight",
            "Operations in flight, with those that no request waits for any more. Good: a few; at their "
            "limit new ones are refused.",
        ),
        [Query(sli.storage_active(by=["operation"]), "{{operation}}")],
        COUNT,
        size=THIRD,
    )


def deadline_misses(config: Config, id: int, size: Size) -> Panel:
    return timeseries(
        Heading(
            id,
            "Deadline misses",
            "Share of storage operations slower than the deadline. Good: 0%; each miss costs a user the "
            "personalised answer.",
        ),
        [Query(q.known(sli.storage_late_share(config.storage.deadline)), "beyond the deadline")],
        PERCENT,
        Lines(steps=[(config.storage.deadline_misses, RED)]),
        data_links=[slow_calls(config)],
        size=size,
    )


def time_per_stage(config: Config) -> Panel:
    return timeseries(
        Heading(
            27,
            "Time per stage, p95",
            "95th percentile of each stage of a request. Good: load_features below the deadline; score and "
            "rank are the model's own time and stay flat.",
        ),
        [Query(sli.stage_latency(0.95, by=["stage"]), "{{stage}}", exemplars=True)],
        SECONDS,
        Lines(steps=deadline_line(config)),
        data_links=[slow_requests(config)],
        size=THIRD,
    )
