"""The alerts. A new one is an entry here, its runbook, and its scenario in tests/rules."""

from alerts.spec import Alert, Comparison, ExecutionError, NoData, Severity, ValueFormat
from grafana.dashboards.recommendation_quality_and_storage import UID as QUALITY_AND_STORAGE
from grafana.sections.storage import DEADLINE_MS, DURATION, RECOMMENDER
from prometheus import objectives
from prometheus import queries as q

BY_SERVICE = ["service_name"]
FIVE_MINUTES, ONE_MINUTE = "5m", "1m"

FEW = 0.5
"""Operations per second below which a quantile says little: 30 in a minute."""

HIGH_STORAGE_LATENCY = Alert(
    slug="high-storage-latency",
    title="High Storage Latency",
    query=q.known(q.average_ms(DURATION, RECOMMENDER, by=BY_SERVICE, window=FIVE_MINUTES)),
    comparison=Comparison.ABOVE,
    threshold=objectives.STORAGE_AVERAGE_LIMIT_MS,
    interval=60,
    for_=0,
    keep_firing_for=0,
    no_data=NoData.NO_DATA,
    execution_error=ExecutionError.ALERTING,
    missing_series_evals_to_resolve=2,
    severity=Severity.WARNING,
    component="storage",
    owner="platform",
    summary="Object storage takes {value} on average",
    description="Over the last 5 minutes a storage operation of the {labels.service_name} took {value} on "
    f"average; the limit is {objectives.STORAGE_AVERAGE_LIMIT_MS:.0f} ms. A request waits {DEADLINE_MS} ms: "
    "most answers are made without the user's features; quality falls, the model is the same.",
    value_format=ValueFormat.MILLISECONDS,
    dashboard=QUALITY_AND_STORAGE,
    panel="Storage Latency",
)

STORAGE_SLOWER_THAN_DEADLINE = Alert(
    slug="storage-slower-than-deadline",
    title="Storage Slower Than Deadline",
    query=q.provided(
        q.quantile(0.95, DURATION, RECOMMENDER, by=BY_SERVICE, window=ONE_MINUTE),
        q.observations(DURATION, RECOMMENDER, by=BY_SERVICE, window=ONE_MINUTE),
        at_least=FEW,
    ),
    comparison=Comparison.ABOVE,
    threshold=objectives.STORAGE_DEADLINE,
    interval=10,
    for_=20,
    keep_firing_for=20,
    no_data=NoData.OK,
    execution_error=ExecutionError.KEEP_LAST,
    missing_series_evals_to_resolve=3,
    severity=Severity.CRITICAL,
    component="storage",
    owner="platform",
    summary="Object storage p95 is {value}, above the deadline",
    description="In the last minute 1 in 20 storage operations of {labels.service_name} took over {value}, "
    f"a request waits {DEADLINE_MS} ms. Those users get a stale copy's answer or the popular list.",
    value_format=ValueFormat.DURATION,
    dashboard=QUALITY_AND_STORAGE,
    panel="Storage latency quantiles",
)

ALERTS = (HIGH_STORAGE_LATENCY, STORAGE_SLOWER_THAN_DEADLINE)
