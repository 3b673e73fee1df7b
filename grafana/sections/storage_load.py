"""Object storage's errors, traffic and saturation, and what users get when it is not there."""

from grafana import links
from grafana.panels import RED, Panel, Query, row, timeseries
from grafana.sections import storage
from grafana.sections.object_storage import ACTIVE, BYTES, FAILED, LIMIT, REQUESTS
from grafana.sections.quality import SOURCES
from grafana.sections.storage import DURATION, RECOMMENDER, SLOW_CALLS
from prometheus import external as e
from prometheus import objectives
from prometheus import queries as q
from prometheus.names import series
from telemetry import instruments

AGE = series(instruments.RECOMMENDATION_FEATURE_AGE)
REASONS = [
    "storage_deadline",
    "storage_error",
    "storage_busy",
    "features_missing",
    "features_invalid",
    "features_expired",
]
FAILED_CALLS = links.traces("Failed traces", service=storage.SERVICE, tags="error=true")


def errors() -> list[Panel]:
    """Ids 20–23."""
    return [row(20, "Errors"), by_outcome(), failures_by_type(), refused_by_server()]


def traffic() -> list[Panel]:
    """Ids 30–34."""
    return [row(30, "Traffic and saturation"), bytes_read(), in_flight(), deadline_misses(), space_left()]


def fallbacks() -> list[Panel]:
    """Ids 40–43."""
    return [row(40, "What users get instead"), answers_by_source(), feature_age(), reasons()]


def by_outcome() -> Panel:
    """How operations end."""
    return timeseries(
        21,
        "Operations by outcome",
        "Operations per second by how they ended. Good: all ok.",
        [Query(q.observations(DURATION, RECOMMENDER, by=["outcome"]), "{{outcome}}")],
        unit="ops",
        decimals=1,
        stacked=True,
        colors={"ok": "green", "error": "red", "timeout": "orange"},
        width=8,
    )


def failures_by_type() -> Panel:
    """What goes wrong."""
    failed = q.observations(DURATION, *FAILED, by=["operation", "outcome", "error_type"])
    asked = q.observations(DURATION, RECOMMENDER, by=["operation"])
    return timeseries(
        22,
        "Failed operations by type",
        "Operations per second that failed, by outcome and type of error. Good: 0. Names of connection "
        "errors point to the network, numbers are what storage answered.",
        [Query(q.or_zero(failed, asked), "{{operation}} {{outcome}} {{error_type}}")],
        unit="ops",
        decimals=2,
        data_links=[FAILED_CALLS],
        width=8,
    )


def refused_by_server() -> Panel:
    """The server's own view."""
    asked = q.rate(e.MINIO_REQUESTS, by=["api"])
    return timeseries(
        23,
        "Errors answered by the server",
        "Requests per second that the storage server itself answered with an error, by kind. Good: 0; "
        "failures that only the recommender sees are the network's.",
        [
            Query(q.or_zero(q.rate(e.MINIO_SERVER_ERRORS, by=["api"]), asked), "{{api}} 5xx"),
            Query(q.or_zero(q.rate(e.MINIO_CLIENT_ERRORS)), "4xx"),
        ],
        unit="reqps",
        decimals=2,
        width=8,
    )


def bytes_read() -> Panel:
    """Load."""
    return timeseries(
        31,
        "Bytes per second",
        "Bytes read by the recommender and sent by the storage server to all. Good: in step with the "
        "requests.",
        [
            Query(q.rate(BYTES, RECOMMENDER, by=["operation"]), "{{operation}}, recommender"),
            Query(q.rate(e.MINIO_SENT), "sent by the server"),
        ],
        unit="Bps",
        decimals=1,
    )


def in_flight() -> Panel:
    """Places."""
    return timeseries(
        32,
        "Operations in flight",
        "Operations under way, with those that no request waits for any more, and how many there may be. "
        "Good: a handful, far from the limit; at the limit new ones are refused.",
        [
            Query(q.level(ACTIVE, RECOMMENDER, by=["operation"]), "{{operation}}"),
            Query(q.level(LIMIT, RECOMMENDER), "limit"),
        ],
        unit="none",
        decimals=0,
        colors={"limit": "red"},
    )


def deadline_misses() -> Panel:
    """What users feel."""
    return timeseries(
        33,
        "Deadline misses",
        "Share of storage operations slower than the deadline. Good: 0%; each costs a personal answer.",
        [Query(q.known(storage.share_beyond_deadline(q.PANEL)), "beyond the deadline")],
        unit="percentunit",
        decimals=1,
        steps=[(objectives.STORAGE_DEADLINE_MISSES, RED)],
        data_links=[SLOW_CALLS],
    )


def space_left() -> Panel:
    """Room."""
    return timeseries(
        34,
        "Space left",
        "Share of the storage server's usable space that is free. Good: above the dashed line; "
        "a full server refuses new models and features.",
        [Query(f"{q.level(e.MINIO_FREE)} / {q.level(e.MINIO_CAPACITY)}", "free")],
        unit="percentunit",
        decimals=0,
        maximum=1,
        steps=[(0.1, RED)],
    )


def answers_by_source() -> Panel:
    """Fallbacks."""
    return timeseries(
        41,
        "Share of answers by source",
        "Where answers come from. Good: nearly all personalised; stale copies and the popular list take over "
        "when storage misses its deadline.",
        [Query(q.share(REQUESTS, by=["source"]), "{{source}}")],
        unit="percentunit",
        decimals=1,
        stacked=True,
        maximum=1,
        colors=SOURCES,
        width=8,
    )


def feature_age() -> Panel:
    """How old the features are."""
    return timeseries(
        42,
        "Age of the features used",
        "How long ago the features behind an answer were computed, median and 95th percentile. "
        f"Good: below {objectives.FRESH / 3600:g} h, the objective of freshness.",
        [Query(q.known(q.quantile(share, AGE)), name) for share, name in ((0.5, "p50"), (0.95, "p95"))],
        unit="dtdurations",
        steps=[(objectives.FRESH, RED)],
        width=8,
    )


def reasons() -> Panel:
    """Why answers are not personal."""
    return timeseries(
        43,
        "Answers without fresh features, by reason",
        "Answers per second to known users made without their fresh features: storage missed its deadline, "
        "failed, had no place left, or had no valid features. Good: 0.",
        [
            Query(q.or_zero(q.rate(REQUESTS, f'reason="{reason}"')), reason.replace("_", " "))
            for reason in REASONS
        ],
        unit="reqps",
        decimals=2,
        width=8,
    )
