"""What is asked of Prometheus: every query by name, from the registry's series only.

Counts whose ratios matter are read raw: the difference of a cumulative counter is exact over gaps in the
telemetry, and counts what a new series began with. Durations are read over a short window, so that the moment
of a change stays visible.
"""

from collections.abc import Mapping
from functools import cache

from diagnosis.evidence import Limits
from prometheus import external
from prometheus import queries as q
from prometheus.names import series
from telemetry import instruments as i
from telemetry.spans import SERVER

WINDOW = "20s"
"""Four exports of the services' metrics."""

SERVICE = f'service_name="{i.RECOMMENDATION_REQUESTS.service}"'
RECOMMENDATIONS = f'http_route="{SERVER.name.removeprefix("GET ")}"'
FEEDBACK = 'http_route="/feedback"'
OK, FAILED = 'outcome="ok"', 'outcome!="ok"'
PERSONALISED = 'source="personalised"'
IDLE = 'state="idle"'

_HTTP = series(i.HTTP_SERVER_REQUEST_DURATION)
_STAGE = series(i.RECOMMENDATION_DURATION)
_STORAGE = series(i.STORAGE_OPERATION_DURATION)
_FIRST_BYTE = series(i.STORAGE_OPERATION_FIRST_BYTE)
_AGE = series(i.RECOMMENDATION_FEATURE_AGE)
_LAG = series(i.EVENT_LOOP_LAG)


def _serving(limits: Limits) -> Mapping[str, str]:
    asked, staged = (SERVICE, RECOMMENDATIONS), ["stage"]
    status = ["http_response_status_code"]
    return {
        "requests": q.observations(_HTTP, *asked, by=status, window=WINDOW),
        "feedback": q.observations(_HTTP, SERVICE, FEEDBACK, by=status, window=WINDOW),
        "latency_p50": q.quantile(0.5, _HTTP, *asked, window=WINDOW),
        "latency_p95": q.quantile(0.95, _HTTP, *asked, window=WINDOW),
        "slow": q.share_above(limits.latency, _HTTP, *asked, window=WINDOW),
        "stage_p50": q.quantile(0.5, _STAGE, SERVICE, by=staged, window=WINDOW),
        "loop_p50": q.quantile(0.5, _LAG, SERVICE, window=WINDOW),
        "loop_p95": q.quantile(0.95, _LAG, SERVICE, window=WINDOW),
        "loop_looks": q.observations(_LAG, SERVICE, window=WINDOW),
    }


def _storage() -> Mapping[str, str]:
    return {
        "storage_outcomes": f"histogram_count({q.select(_STORAGE, SERVICE)})",
        "failed_p50": q.quantile(0.5, _STORAGE, SERVICE, FAILED, window=WINDOW),
        "storage_p50": q.quantile(0.5, _STORAGE, SERVICE, OK, window=WINDOW),
        "storage_p95": q.quantile(0.95, _STORAGE, SERVICE, OK, window=WINDOW),
        "storage_mean_ms": q.average_ms(_STORAGE, SERVICE, OK, window=WINDOW),
        "first_byte_p50": q.quantile(0.5, _FIRST_BYTE, SERVICE, OK, window=WINDOW),
        "first_byte_p95": q.quantile(0.95, _FIRST_BYTE, SERVICE, OK, window=WINDOW),
        "first_byte_mean_ms": q.average_ms(_FIRST_BYTE, SERVICE, OK, window=WINDOW),
        "storage_active": q.highest(series(i.STORAGE_OPERATION_ACTIVE), SERVICE),
        "storage_limit": q.highest(series(i.STORAGE_OPERATION_LIMIT), SERVICE),
    }


def _machine() -> Mapping[str, str]:
    return {
        "host_cpu": f"1 - avg ({q.select(external.SYSTEM_CPU, IDLE)})",
        "process_cpu": q.rate(external.PROCESS_CPU_TIME, by=["service_name"], window=WINDOW),
        "up": q.lowest(external.UP, by=["component"]),
    }


def _answers() -> Mapping[str, str]:
    counters = {
        "answers": i.RECOMMENDATION_REQUESTS,
        "labelled": i.RECOMMENDATION_LABELLED,
        "hits": i.RECOMMENDATION_HITS,
        "impressions": i.RECOMMENDATION_IMPRESSIONS,
        "clicks": i.RECOMMENDATION_CLICKS,
        "violations": i.RECOMMENDATION_SCHEMA_VIOLATIONS,
    }
    return {name: q.select(series(counter), SERVICE) for name, counter in counters.items()}


def _model_and_data() -> Mapping[str, str]:
    gauges = {
        "feature_drift": i.RECOMMENDATION_FEATURE_DRIFT,
        "prediction_drift": i.RECOMMENDATION_PREDICTION_DRIFT,
        "popularity": i.RECOMMENDATION_POPULARITY,
    }
    return {
        **{name: q.select(series(gauge), SERVICE) for name, gauge in gauges.items()},
        "feature_age_p50": q.quantile(0.5, _AGE, SERVICE, window=WINDOW),
        "feature_age_p95": q.quantile(0.95, _AGE, SERVICE, window=WINDOW),
    }


def batches(limits: Limits) -> tuple[Mapping[str, str], ...]:
    """The queries as they are asked: those of a batch together in one."""
    return _serving(limits), _storage(), _machine(), _answers(), _model_and_data()


@cache
def queries(limits: Limits) -> Mapping[str, str]:
    """PromQL by the name under which its result is in `Evidence.series`."""
    return {name: query for batch in batches(limits) for name, query in batch.items()}


QUERIES = queries(Limits())
"""The same with the default limits."""

MINUTE = "1m"
_ANSWERS, _VIOLATIONS = series(i.RECOMMENDATION_REQUESTS), series(i.RECOMMENDATION_SCHEMA_VIOLATIONS)
_ENDS = ["outcome", "error_type"]

SHOWN: Mapping[str, str] = {
    "answers": q.share(_ANSWERS, SERVICE, by=["reason"], window=MINUTE),
    "segments": q.share(_ANSWERS, SERVICE, by=["segment"], window=MINUTE),
    "versions": q.share(_ANSWERS, SERVICE, by=["model_version"], window=MINUTE),
    "hits": q.hit_rate(SERVICE, window=MINUTE),
    "hits_by_version": q.hit_rate(SERVICE, PERSONALISED, by=["model_version", "segment"], window=MINUTE),
    "clicks": q.click_through_rate(SERVICE, window=MINUTE),
    "violations": q.rate(_VIOLATIONS, SERVICE, by=["kind"], window=MINUTE),
    "storage_outcomes": f"{q.observations(_STORAGE, SERVICE, by=_ENDS, window=MINUTE)} / on () group_left () "
    f"{q.observations(_STORAGE, SERVICE, window=MINUTE)}",
    "storage_active": f"{QUERIES['storage_active']} / {QUERIES['storage_limit']}",
    "transfer": f"{QUERIES['storage_mean_ms']} - {QUERIES['first_byte_mean_ms']}",
}
"""What people are shown of a query whose raw result says little, and of what is made from several."""


def shown(name: str, limits: Limits) -> str:
    """The PromQL with which people see for themselves what a query told."""
    return SHOWN.get(name) or queries(limits)[name]
