"""Object storage's errors, traffic and saturation, and what users get when it is not there."""

from config import Config
from grafana import links
from grafana.options import COUNT, HALF, RED, SHARE, THIRD, Heading, Lines, Query, Size, Value
from grafana.panels import Panel, row, timeseries
from grafana.sections.object_storage import BYTES
from grafana.sections.recommender import storage
from grafana.sections.recommender.quality import SOURCES
from prometheus import indicators as sli
from prometheus import queries as q
from prometheus.needs import Need
from prometheus.series import external as e

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


def traffic(config: Config) -> list[Panel]:
    """Ids 30–34."""
    return [
        row(30, "Traffic and saturation"),
        bytes_read(),
        in_flight(),
        storage.deadline_misses(config, 33, HALF),
        space_left(),
    ]


def fallbacks(config: Config) -> list[Panel]:
    """Ids 40–43."""
    return [row(40, "Fallbacks"), answers_by_source(), feature_age(config), reasons()]


def by_outcome() -> Panel:
    return timeseries(
        Heading(21, "Operations by outcome", "Operations per second by how they ended. Good: all are ok."),
        [Query(sli.storage_operations(by=["outcome"]), "{{outcome}}")],
        Value("ops", decimals=1),
        Lines(stacked=True, colors={"ok": "green", "error": "red", "timeout": "orange"}),
        size=THIRD,
    )


def failures_by_type() -> Panel:
    failed = sli.storage_operations(sli.READ_FAILED, by=["operation", "outcome", "error_type"])
    asked = sli.storage_operations(by=["operation"])
    return timeseries(
        Heading(
            22,
            "Failed operations by type",
            "Operations per second that failed, by outcome and type of error. Good: 0. Names of connection "
            "errors point to the network; numbers are status codes of storage.",
        ),
        [Query(q.or_zero(failed, asked), "{{operation}} {{outcome}} {{error_type}}")],
        Value("ops", decimals=2),
        data_links=[FAILED_CALLS],
        size=THIRD,
    )


def refused_by_server() -> Panel:
    asked = q.rate(e.MINIO_REQUESTS, by=["api"])
    return timeseries(
        Heading(
            23,
            "Errors answered by the server",
            "Requests per second that the storage server itself answered with an error, by kind. Good: 0; "
            "failures that only the recommender sees come from the network.",
        ),
        [
            Query(
                q.or_zero(q.rate(e.MINIO_SERVER_ERRORS, by=["api"]), asked),
                "{{api}} 5xx",
                needs=Need.OBJECT_STORAGE,
            ),
            Query(q.or_zero(q.rate(e.MINIO_CLIENT_ERRORS)), "4xx"),
        ],
        Value("reqps", decimals=2),
        size=THIRD,
    )


def bytes_read() -> Panel:
    return timeseries(
        Heading(
            31,
            "Bytes per second",
            "Bytes read by the recommender and sent by the storage server to all. Good: in step with the "
            "requests.",
        ),
        [
            Query(q.rate(BYTES, sli.RECOMMENDER, by=["operation"]), "{{operation}}, recommender"),
            Query(q.rate(e.MINIO_SENT), "sent by the server", needs=Need.OBJECT_STORAGE),
        ],
        Value("Bps", decimals=1),
    )


def in_flight() -> Panel:
    return timeseries(
        Heading(
            32,
            "Operations in flight",
            "Operations in flight, with those that no request waits for any more, and their limit. Good: a "
            "few; at the limit new ones are refused.",
        ),
        [
            Query(sli.storage_active(by=["operation"]), "{{operation}}"),
            Query(sli.storage_limit(), "limit"),
        ],
        COUNT,
        Lines(colors={"limit": "red"}),
    )


def space_left() -> Panel:
    return timeseries(
        Heading(
            34,
            "Space left",
            "Share of the storage server's usable space that is free. Good: above the dashed line; a full "
            "server refuses new models and features.",
        ),
        [Query(f"{q.level(e.MINIO_FREE)} / {q.level(e.MINIO_CAPACITY)}", "free", needs=Need.OBJECT_STORAGE)],
        Value("percentunit", decimals=0, maximum=1),
        Lines(steps=[(0.1, RED)]),
    )


def answers_by_source() -> Panel:
    return timeseries(
        Heading(
            41,
            "Share of answers by source",
            "Where answers come from. Good: nearly all personalised; stale copies and the popular list "
            "replace them when storage misses its deadline.",
        ),
        [Query(sli.answer_shares(by=["source"]), "{{source}}")],
        SHARE,
        Lines(stacked=True, colors=SOURCES),
        size=Size(7),
    )


def feature_age(config: Config) -> Panel:
    return timeseries(
        Heading(
            42,
            "Age of the features used",
            "How long ago the features behind an answer were computed, median and 95th percentile. Good: "
            f"below {config.objectives.freshness.max_age / 3600:g} h, the objective of freshness.",
        ),
        [Query(q.known(sli.feature_age(share)), name) for share, name in ((0.5, "p50"), (0.95, "p95"))],
        Value("dtdurations"),
        Lines(steps=[(config.objectives.freshness.max_age, RED)]),
        size=Size(7),
    )


def reasons() -> Panel:
    return timeseries(
        Heading(
            43,
            "Answers without fresh features, by reason",
            "Answers per second to known users made without their fresh features: storage missed its "
            "deadline, failed, was at its limit, or had no valid features. Good: 0.",
        ),
        [Query(q.or_zero(sli.answers(f'reason="{reason}"')), reason.replace("_", " ")) for reason in REASONS],
        Value("reqps", decimals=2),
        size=Size(10),
    )
