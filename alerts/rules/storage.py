"""Object storage as its clients see it: slow, failing, down, slow transfers, full."""

from dataclasses import replace

from alerts.owners import STACK, by_service
from alerts.rules.evaluations import at_once, now, steady
from alerts.spec import Alert, Comparison, Evaluation, ExecutionError, Impact, NoData, Severity, ValueFormat
from config import Config
from prometheus import indicators as sli
from prometheus import queries as q
from prometheus.needs import Need
from prometheus.series import external as e

BY_SERVICE = ["service_name"]
OVERVIEW = "recommendation-quality-and-storage"
STORAGE = "object-storage"

MIN_RATE = 0.5
"""Operations per second below which shares and quantiles say little: 30 in a minute."""

SLOW_TRANSFER_MS = 100.0
NEARLY_ALL = 0.95
FREE_SPACE = 0.1


def _deadline(config: Config) -> str:
    return f"{config.storage.deadline * 1000:.0f} ms"


def _where_enough(expr: str, *where: str, window: str) -> str:
    return q.provided(expr, sli.storage_operations(*where, by=BY_SERVICE, window=window), at_least=MIN_RATE)


def _failed_share(window: str) -> str:
    return _where_enough(sli.storage_failed_share(by=BY_SERVICE, window=window), window=window)


def _late_share(config: Config, window: str) -> str:
    late = sli.storage_late_share(config.storage.deadline, by=BY_SERVICE, window=window)
    return _where_enough(late, window=window)


def high_storage_latency(config: Config) -> Alert:
    return Alert(
        slug="high-storage-latency",
        title="High Storage Latency",
        query=q.known(sli.storage_latency_mean_ms(by=BY_SERVICE, window="5m")),
        comparison=Comparison.ABOVE,
        threshold=config.storage.average_limit * 1000,
        # A requirement: missing data and failed queries alert here.
        evaluation=Evaluation(
            interval=config.evaluation.slow,
            for_=0,
            keep_firing_for=0,
            no_data=NoData.NO_DATA,
            execution_error=ExecutionError.ALERTING,
        ),
        severity=Severity.WARNING,
        impact=Impact.USER,
        component="storage",
        owner=by_service(config),
        summary="Object storage latency is {value} on average",
        description="Over the last 5 minutes a storage operation of {labels.service_name} took {value} "
        f"on average; the limit is {{threshold}}. A request waits at most {_deadline(config)}, so most "
        "answers are made without the user's features. Recommendation quality falls although the model "
        "has not changed.",
        value_format=ValueFormat.MILLISECONDS,
        dashboard=OVERVIEW,
        panel="Storage Latency",
    )


def storage_slower_than_deadline(config: Config) -> Alert:
    return Alert(
        slug="storage-slower-than-deadline",
        title="Storage Slower Than Deadline",
        query=_where_enough(sli.storage_latency(0.95, by=BY_SERVICE, window="1m"), window="1m"),
        comparison=Comparison.ABOVE,
        threshold=config.storage.deadline,
        evaluation=Evaluation(
            interval=config.evaluation.fast, for_=20, keep_firing_for=20, missing_series_evals_to_resolve=3
        ),
        severity=Severity.CRITICAL,
        impact=Impact.USER,
        component="storage",
        owner=by_service(config),
        summary="Object storage p95 is {value}, above the deadline",
        description="In the last minute the 95th percentile of the storage operations of "
        f"{{labels.service_name}} was {{value}}; a request waits at most {_deadline(config)}. The users "
        "of late operations get answers from a stale copy or the popular list.",
        value_format=ValueFormat.DURATION,
        dashboard=OVERVIEW,
        panel="Storage latency quantiles",
    )


def storage_errors(config: Config) -> Alert:
    return Alert(
        slug="storage-errors",
        title="Storage Errors",
        query=_failed_share("1m"),
        comparison=Comparison.ABOVE,
        threshold=config.storage.errors,
        evaluation=now(config),
        severity=Severity.CRITICAL,
        impact=Impact.USER,
        component="storage",
        owner=by_service(config),
        summary="{value} of storage operations fail",
        description="In the last minute {value} of the storage operations of {labels.service_name} "
        "failed or timed out; the limit is {threshold}. Each failure gives one user an answer without "
        "fresh features.",
        value_format=ValueFormat.SHARE,
        dashboard=STORAGE,
        panel="Failed operations by type",
    )


def storage_outage(config: Config) -> Alert:
    return Alert(
        slug="storage-outage",
        title="Storage Outage",
        query=_failed_share("20s"),
        comparison=Comparison.ABOVE,
        threshold=NEARLY_ALL,
        # Nearly all of 20 seconds failed: no second look is needed.
        evaluation=replace(now(config), for_=0),
        severity=Severity.CRITICAL,
        impact=Impact.USER,
        component="storage",
        owner=by_service(config),
        summary="Object storage is unavailable: {value} of operations fail",
        description="In the last 20 seconds {value} of the storage operations of {labels.service_name} "
        "failed. No user gets personalised answers: users get the popular list.",
        value_format=ValueFormat.SHARE,
        dashboard=STORAGE,
        panel="Operations by outcome",
    )


def storage_misses_deadlines(config: Config) -> Alert:
    return Alert(
        slug="storage-misses-deadlines",
        title="Storage Misses Deadlines",
        query=_late_share(config, "5m"),
        short_window=_late_share(config, "1m"),
        comparison=Comparison.ABOVE,
        threshold=config.storage.deadline_misses,
        evaluation=steady(config),
        severity=Severity.WARNING,
        impact=Impact.USER,
        component="storage",
        owner=by_service(config),
        summary="{value} of storage operations miss their deadline",
        description="Over the last 5 minutes {value} of the storage operations of {labels.service_name} "
        f"took longer than {_deadline(config)}; the limit is {{threshold}}. Affected users get answers "
        "from a stale copy or the popular list.",
        value_format=ValueFormat.SHARE,
        dashboard=STORAGE,
        panel="Deadline misses",
    )


def storage_transfers_slowly(config: Config) -> Alert:
    return Alert(
        slug="storage-transfers-slowly",
        title="Storage Transfers Slowly",
        query=_where_enough(sli.storage_transfer_ms(by=BY_SERVICE, window="2m"), sli.READ_OK, window="2m"),
        comparison=Comparison.ABOVE,
        threshold=SLOW_TRANSFER_MS,
        evaluation=steady(config),
        severity=Severity.WARNING,
        impact=Impact.POSSIBLE,
        component="storage",
        owner=by_service(config),
        summary="Object transfers take {value} after the first byte",
        description="Over the last 2 minutes objects read by {labels.service_name} took {value} on "
        "average between first and last byte; the limit is {threshold}. The objects are small, so "
        "bandwidth is short.",
        value_format=ValueFormat.MILLISECONDS,
        dashboard=STORAGE,
        panel="Time to first and last byte, p95",
    )


def storage_nearly_full(config: Config) -> Alert:
    return Alert(
        slug="storage-nearly-full",
        title="Storage Nearly Full",
        query=f"{q.lowest(e.MINIO_FREE, by=['job'])} / {q.lowest(e.MINIO_CAPACITY, by=['job'])}",
        comparison=Comparison.BELOW,
        threshold=FREE_SPACE,
        evaluation=at_once(config),
        severity=Severity.WARNING,
        impact=Impact.NONE,
        component="storage",
        owner=STACK,
        summary="Object storage has {value} of its space free",
        description="{labels.job} has {value} of its capacity free; the limit is {threshold}. When it "
        "is full, no new model version and no fresh features can be published.",
        value_format=ValueFormat.SHARE,
        dashboard=STORAGE,
        panel="Space left",
        needs=Need.OBJECT_STORAGE,
    )


def alerts(config: Config) -> tuple[Alert, ...]:
    return (
        high_storage_latency(config),
        storage_slower_than_deadline(config),
        storage_errors(config),
        storage_outage(config),
        storage_misses_deadlines(config),
        storage_transfers_slowly(config),
        storage_nearly_full(config),
    )
