"""Object storage, as the recommender sees it: late, failing, away, slow to transfer, full."""

from dataclasses import replace

from alerts.rules.evaluations import AT_ONCE, NOW, STEADY
from alerts.spec import Alert, Comparison, Evaluation, ExecutionError, NoData, Severity, ValueFormat
from config import load
from prometheus import external as e
from prometheus import objectives
from prometheus import queries as q
from prometheus.names import series
from telemetry import instruments

BY_SERVICE = ["service_name"]
OVERVIEW = "recommendation-quality-and-storage"
STORAGE = "object-storage"
RECOMMENDER = f'service_name="{instruments.STORAGE_OPERATION_DURATION.service}"'

DURATION = series(instruments.STORAGE_OPERATION_DURATION)
FIRST_BYTE = series(instruments.STORAGE_OPERATION_FIRST_BYTE)

DEADLINE_MS = round(objectives.STORAGE_DEADLINE * 1000)
FEW = 0.5
"""Operations per second below which shares and quantiles say little: 30 in a minute."""

SLOW_TRANSFER_MS = 100.0
NEARLY_ALL = 0.95
FREE_SPACE = 0.1


def _operations(*where: str, window: str) -> str:
    return q.observations(DURATION, RECOMMENDER, *where, by=BY_SERVICE, window=window)


def _failed_share(window: str) -> str:
    """Counted from what went well: a series of errors begins with the first one, too late for a rate."""
    well, all_ = _operations('outcome="ok"', window=window), _operations(window=window)
    return q.provided(f"1 - ({q.or_zero(well, all_)}) / {all_}", all_, at_least=FEW)


def _transfer_time(window: str) -> str:
    """Milliseconds between the first byte and the last, of what arrived."""
    where = (RECOMMENDER, 'outcome="ok"')
    last, first = (q.average_ms(of, *where, by=BY_SERVICE, window=window) for of in (DURATION, FIRST_BYTE))
    return q.provided(f"{last} - {first}", _operations('outcome="ok"', window=window), at_least=FEW)


def _late_share(window: str) -> str:
    late = q.share_above(objectives.STORAGE_DEADLINE, DURATION, RECOMMENDER, by=BY_SERVICE, window=window)
    return q.provided(late, _operations(window=window), at_least=FEW)


HIGH_STORAGE_LATENCY = Alert(
    slug="high-storage-latency",
    title="High Storage Latency",
    query=q.known(q.average_ms(DURATION, RECOMMENDER, by=BY_SERVICE, window="5m")),
    comparison=Comparison.ABOVE,
    threshold=objectives.STORAGE_AVERAGE_LIMIT_MS,
    # Ordered so: silence counts as trouble here, and so does a query that fails.
    evaluation=Evaluation(
        interval=load().evaluation.slow,
        for_=0,
        keep_firing_for=0,
        no_data=NoData.NO_DATA,
        execution_error=ExecutionError.ALERTING,
    ),
    severity=Severity.WARNING,
    component="storage",
    owner="platform",
    summary="Object storage takes {value} on average",
    description="Over the last 5 minutes a storage operation of the {labels.service_name} took {value} on "
    f"average; the limit is {{threshold}}. A request waits {DEADLINE_MS} ms: most answers are made without "
    f"the "
    "user's features; quality falls, the model is the same.",
    value_format=ValueFormat.MILLISECONDS,
    dashboard=OVERVIEW,
    panel="Storage Latency",
)

STORAGE_SLOWER_THAN_DEADLINE = Alert(
    slug="storage-slower-than-deadline",
    title="Storage Slower Than Deadline",
    query=q.provided(
        q.quantile(0.95, DURATION, RECOMMENDER, by=BY_SERVICE, window="1m"),
        _operations(window="1m"),
        at_least=FEW,
    ),
    comparison=Comparison.ABOVE,
    threshold=objectives.STORAGE_DEADLINE,
    evaluation=Evaluation(
        interval=load().evaluation.fast, for_=20, keep_firing_for=20, missing_series_evals_to_resolve=3
    ),
    severity=Severity.CRITICAL,
    component="storage",
    owner="platform",
    summary="Object storage p95 is {value}, above the deadline",
    description="In the last minute 1 in 20 storage operations of {labels.service_name} took over {value}, "
    f"a request waits {DEADLINE_MS} ms. Those users get a stale copy's answer or the popular list.",
    value_format=ValueFormat.DURATION,
    dashboard=OVERVIEW,
    panel="Storage latency quantiles",
)

STORAGE_ERRORS = Alert(
    slug="storage-errors",
    title="Storage Errors",
    query=_failed_share("1m"),
    comparison=Comparison.ABOVE,
    threshold=objectives.STORAGE_ERRORS,
    evaluation=NOW,
    severity=Severity.CRITICAL,
    component="storage",
    owner="platform",
    summary="{value} of storage operations fail",
    description="In the last minute {value} of the storage operations of {labels.service_name} failed or "
    "were "
    "given up; {threshold} may. Each costs a user an answer made from fresh features.",
    value_format=ValueFormat.SHARE,
    dashboard=STORAGE,
    panel="Failed operations by type",
)

STORAGE_OUTAGE = Alert(
    slug="storage-outage",
    title="Storage Outage",
    query=_failed_share("20s"),
    comparison=Comparison.ABOVE,
    threshold=NEARLY_ALL,
    # Nearly all of 20 seconds failed: no second look is needed.
    evaluation=replace(NOW, for_=0),
    severity=Severity.CRITICAL,
    component="storage",
    owner="platform",
    summary="Object storage is away: {value} of operations fail",
    description="In the last 20 seconds {value} of the storage operations of {labels.service_name} failed. "
    "No answer is personal any more: users get the popular list.",
    value_format=ValueFormat.SHARE,
    dashboard=STORAGE,
    panel="Operations by outcome",
)

STORAGE_MISSES_DEADLINES = Alert(
    slug="storage-misses-deadlines",
    title="Storage Misses Deadlines",
    query=_late_share("5m"),
    still=_late_share("1m"),
    comparison=Comparison.ABOVE,
    threshold=objectives.STORAGE_DEADLINE_MISSES,
    evaluation=STEADY,
    severity=Severity.WARNING,
    component="storage",
    owner="platform",
    summary="{value} of storage operations miss their deadline",
    description="Over the last 5 minutes {value} of the storage operations of {labels.service_name} took "
    "longer "
    f"than {DEADLINE_MS} ms; {{threshold}} may. It has lasted for minutes: this is no hiccup.",
    value_format=ValueFormat.SHARE,
    dashboard=STORAGE,
    panel="Deadline misses",
)

STORAGE_TRANSFERS_SLOWLY = Alert(
    slug="storage-transfers-slowly",
    title="Storage Transfers Slowly",
    query=_transfer_time("2m"),
    comparison=Comparison.ABOVE,
    threshold=SLOW_TRANSFER_MS,
    evaluation=STEADY,
    severity=Severity.WARNING,
    component="storage",
    owner="platform",
    summary="An object takes {value} to arrive once it has begun",
    description="Over the last 2 minutes {value} passed on average between the first and the last byte of "
    "an object "
    "read by {labels.service_name}; {threshold} is already much. The objects are small: bandwidth is short.",
    value_format=ValueFormat.MILLISECONDS,
    dashboard=STORAGE,
    panel="Time to first and last byte, p95",
)

STORAGE_NEARLY_FULL = Alert(
    slug="storage-nearly-full",
    title="Storage Nearly Full",
    query=f"{q.lowest(e.MINIO_FREE, by=['job'])} / {q.lowest(e.MINIO_CAPACITY, by=['job'])}",
    comparison=Comparison.BELOW,
    threshold=FREE_SPACE,
    evaluation=AT_ONCE,
    severity=Severity.WARNING,
    component="storage",
    owner="platform",
    summary="Object storage has {value} of its space left",
    description="{labels.job} can store {value} of its capacity more; {threshold} is the limit. When it is "
    "full, "
    "no new model version and no fresh features can be published.",
    value_format=ValueFormat.SHARE,
    dashboard=STORAGE,
    panel="Space left",
)
