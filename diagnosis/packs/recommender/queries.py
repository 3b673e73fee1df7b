"""What is asked of Prometheus: every query by name, from the registry's series only.

Counts whose ratios matter are read raw: the difference of a cumulative counter is exact over gaps in the
telemetry, and counts what a new series began with. Durations are read over a short window, so that the moment
of a change stays visible.
"""

from collections.abc import Mapping
from functools import cache

from diagnosis.packs.recommender.limits import Limits
from prometheus import indicators as sli
from prometheus import queries as q
from prometheus.indicators import (
    PERSONALISED,
    READ_FAILED,
    READ_OK,
    RECOMMENDATIONS,
    RECOMMENDER,
    STORAGE,
    TOP_SCORE,
)
from prometheus.models.items import popularity
from prometheus.names import series
from prometheus.series import external
from prometheus.series.recorded import RECENT_DRIFT
from telemetry import instruments as i

WINDOW = "20s"
"""Four exports of the services' metrics."""

MINUTE = "1m"

FEEDBACK = 'http_route="/feedback"'
IDLE = 'state="idle"'


def _serving(limits: Limits) -> Mapping[str, str]:
    asked = (RECOMMENDER, RECOMMENDATIONS)
    status = ["http_response_status_code"]
    return {
        "requests": sli.requests(*asked, by=status, window=WINDOW),
        "feedback": sli.requests(RECOMMENDER, FEEDBACK, by=status, window=WINDOW),
        "latency_p50": sli.request_latency(0.5, *asked, window=WINDOW),
        "latency_p95": sli.request_latency(0.95, *asked, window=WINDOW),
        "slow": sli.requests_slow_share(limits.latency, *asked, window=WINDOW),
        "stage_p50": sli.stage_latency(0.5, by=["stage"], window=WINDOW),
        "loop_p50": sli.event_loop_lag(0.5, RECOMMENDER, window=WINDOW),
        "loop_p95": sli.event_loop_lag(0.95, RECOMMENDER, window=WINDOW),
        "loop_looks": q.observations(sli.LAG, RECOMMENDER, window=WINDOW),
    }


def _storage() -> Mapping[str, str]:
    return {
        "storage_outcomes": f"histogram_count({q.select(STORAGE, RECOMMENDER)})",
        "failed_p50": sli.storage_latency(0.5, READ_FAILED, window=WINDOW),
        "storage_p50": sli.storage_latency(0.5, READ_OK, window=WINDOW),
        "storage_p95": sli.storage_latency(0.95, READ_OK, window=WINDOW),
        "storage_mean_ms": sli.storage_latency_mean_ms(READ_OK, window=WINDOW),
        "first_byte_p50": sli.storage_first_byte(0.5, READ_OK, window=WINDOW),
        "first_byte_p95": sli.storage_first_byte(0.95, READ_OK, window=WINDOW),
        "first_byte_mean_ms": sli.storage_first_byte_mean_ms(READ_OK, window=WINDOW),
        "storage_active": sli.storage_active(),
        "storage_limit": sli.storage_limit(),
    }


def _machine() -> Mapping[str, str]:
    return {
        "host_cpu": f"1 - avg ({q.select(external.SYSTEM_CPU, IDLE)})",
        "process_cpu": sli.processor_use(by=["service_name"], window=WINDOW),
        "uptime": q.lowest(external.PROCESS_UPTIME, RECOMMENDER),
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
    return {name: q.select(series(counter), RECOMMENDER) for name, counter in counters.items()}


def _model_and_data() -> Mapping[str, str]:
    return {
        "feature_drift": q.select(RECENT_DRIFT, RECOMMENDER),
        "prediction_drift": q.select(RECENT_DRIFT, RECOMMENDER, TOP_SCORE),
        "popularity": popularity(RECOMMENDER, window=MINUTE),
        "feature_age_p50": sli.feature_age(0.5, window=WINDOW),
        "feature_age_p95": sli.feature_age(0.95, window=WINDOW),
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

OF_ANYBODY = frozenset({"host_cpu", "process_cpu", "up"})
"""Those that have an answer without a recommender, too."""

SHOWN: Mapping[str, str] = {
    "answers": sli.answer_shares(by=["reason"], window=MINUTE),
    "segments": sli.answer_shares(by=["segment"], window=MINUTE),
    "versions": sli.answer_shares(by=["model_version"], window=MINUTE),
    "hits": sli.hit_rate(window=MINUTE),
    "hits_by_version": sli.hit_rate(PERSONALISED, by=["model_version", "segment"], window=MINUTE),
    "clicks": sli.click_through_rate(window=MINUTE),
    "violations": sli.schema_violations(by=["kind"], window=MINUTE),
    "storage_outcomes": sli.storage_outcome_shares(by=["outcome", "error_type"], window=MINUTE),
    "storage_active": sli.storage_in_use(),
    "transfer": sli.storage_transfer_ms(window=WINDOW),
}
"""What people are shown of a query whose raw result says little, and of what is made from several."""


def shown(name: str, limits: Limits) -> str:
    """The PromQL with which people see for themselves what a query told."""
    return SHOWN.get(name) or queries(limits)[name]
