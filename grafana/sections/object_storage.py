"""Object storage's golden signals at a glance, and its latency from both ends of the network."""

from config import Config
from grafana.options import (
    BLUE,
    NUMBER,
    ORANGE,
    PERCENT,
    RED,
    SECONDS,
    SHARE,
    WHOLE_PERCENT,
    Heading,
    Levels,
    Lines,
    Query,
    Value,
)
from grafana.panels import Panel, row, stat, timeseries
from grafana.sections.recommender import storage
from grafana.sections.recommender.storage import deadline_line, deadline_ms, slow_calls
from prometheus import indicators as sli
from prometheus import queries as q
from prometheus.names import series
from prometheus.needs import Need
from prometheus.series import external as e
from telemetry import instruments

BYTES = series(instruments.STORAGE_TRANSFER_SIZE)
WITHOUT_STORAGE = 'reason=~"storage_.*"'
SLOW_FIRST_BYTE = 0.05
"""Seconds; one of the bounds of MinIO's own histogram."""


def numbers(config: Config) -> list[Panel]:
    """The four golden signals and what they cost. Ids 1–6."""
    return [
        storage.latency_now(config, 1, "Latency, p95", NUMBER),
        storage.misses_now(config, 2, "Past deadline", NUMBER),
        failed(config),
        in_flight(),
        throughput(),
        answers_without(config),
    ]


def latency(config: Config) -> list[Panel]:
    """Ids 10–14."""
    return [
        row(10, "Latency"),
        quantiles_by_operation(config),
        storage.latency_heatmap(config, 12, "Latency heatmap"),
        first_byte(config),
        both_ends(config),
    ]


def failed(config: Config) -> Panel:
    return stat(
        Heading(
            3,
            "Error rate",
            "Share of storage operations that ended with an error or were given up, over 1 minute. Good: 0%.",
        ),
        Query(q.known(sli.storage_failed_share(window="1m"))),
        Value("percentunit", decimals=2),
        Levels(steps=[(config.storage.errors / 5, ORANGE), (config.storage.errors, RED)]),
        data_links=[slow_calls(config)],
    )


def in_flight() -> Panel:
    return stat(
        Heading(
            4,
            "Limit in use",
            "Operations in flight as a share of the limit. Good: a few percent; at 100% requests are "
            "answered without storage.",
        ),
        Query(sli.storage_in_use()),
        WHOLE_PERCENT,
        Levels(steps=[(0.5, ORANGE), (0.8, RED)]),
    )


def throughput() -> Panel:
    return stat(
        Heading(
            5,
            "Bytes read",
            "Bytes read from storage per second, over 1 minute. Good: in step with the requests; falling "
            "bytes with many operations in flight mean too little bandwidth.",
        ),
        Query(q.rate(BYTES, sli.RECOMMENDER, window="1m")),
        Value("Bps", decimals=1),
        Levels(BLUE),
    )


def answers_without(config: Config) -> Panel:
    return stat(
        Heading(
            6,
            "Fallback rate",
            "Share of answers made from a stale copy or the popular list because storage was late, failing "
            "or busy, over 1 minute. Good: 0%.",
        ),
        Query(q.known(sli.answers_share(WITHOUT_STORAGE, window="1m"))),
        PERCENT,
        storage.misses(config),
    )


def quantiles_by_operation(config: Config) -> Panel:
    return timeseries(
        Heading(
            11,
            "Latency quantiles by operation",
            "Median, 95th and 99th percentile of storage operations; dots are traces, click one to open "
            f"it. Good: p99 below the dashed line, the deadline of {deadline_ms(config)} ms.",
        ),
        [
            Query(
                sli.storage_latency(share, by=["operation"]),
                f"{{{{operation}}}} p{share * 100:.0f}",
                exemplars=share == 0.95,
            )
            for share in (0.5, 0.95, 0.99)
        ],
        SECONDS,
        Lines(steps=deadline_line(config)),
        data_links=[slow_calls(config)],
    )


def first_byte(config: Config) -> Panel:
    p95_of = {"first byte": sli.storage_first_byte(0.95), "last byte": sli.storage_latency(0.95)}
    return timeseries(
        Heading(
            13,
            "Time to first and last byte, p95",
            "Time until a response of storage begins and until it is complete, 95th percentile. Good: the "
            "lines touch. Both high: slow storage or a long network path; only the last byte late: too "
            "little bandwidth.",
        ),
        [Query(expr, name, exemplars=name == "first byte") for name, expr in p95_of.items()],
        SECONDS,
        Lines(steps=deadline_line(config)),
        data_links=[slow_calls(config)],
    )


def both_ends(config: Config) -> Panel:
    window = {"window": q.PANEL}
    soon, all_reads = (
        q.rate(e.MINIO_FIRST_BYTE_BUCKETS, 'api="getobject"', f'le="{bound}"', **window)
        for bound in ("0.050", "+Inf")
    )
    seen = q.share_above(SLOW_FIRST_BYTE, sli.FIRST_BYTE, sli.RECOMMENDER)
    return timeseries(
        Heading(
            14,
            "Slow first bytes, seen from both ends",
            f"Share of reads whose first byte takes more than {SLOW_FIRST_BYTE * 1000:.0f} ms, as measured "
            "by the recommender and by the storage server itself. Good: both 0%. Only the recommender's "
            "high: the network between them; both high: the server.",
        ),
        [
            Query(q.known(seen), "seen by the recommender"),
            Query(q.known(f"1 - {soon} / {all_reads}"), "by the server", needs=Need.OBJECT_STORAGE),
        ],
        SHARE,
        Lines(colors={"seen by the recommender": "orange", "by the server": "purple"}),
        data_links=[slow_calls(config)],
    )
