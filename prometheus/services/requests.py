"""Requests that services serve, from the signal that tells most of them.

HTTP metrics count every request, but an SDK sends them once a minute unless told otherwise, and some services
send none. So three kinds of services are told apart by a recording rule, and each is asked in its own way:

- metrics every 15 seconds or more often: they are asked;
- other services with spans: those of kind server, which the collector counts every 5 seconds. Not if the
  service samples its traces: then its metrics tell more requests than its spans do;
- others with metrics: they are asked over `PATIENCE`, which holds two of their samples.

An instance's histograms have exponential or explicit buckets, and PromQL does not add one kind to the other.
So counts and shares are taken of each series before they are summed. A quantile of instances that mix both
kinds has no value, and Prometheus' answer carries a warning.
"""

from collections.abc import Iterator, Sequence

from prometheus import queries as q
from prometheus.names import REQUEST_SPANS, SPAN_CALLS, TARGET_INFO, series
from prometheus.rules import Rule, record
from prometheus.series.recorded import FAST_METRICS, HEARD, REQUEST_SIGNAL
from telemetry import instruments as i

HTTP = series(i.HTTP_SERVER_REQUEST_DURATION)
SERVER_ERROR = 'http_response_status_code=~"5.."'
SERVER_SPAN = 'span_kind="SPAN_KIND_SERVER"'
SPAN_FAILED = 'status_code="STATUS_CODE_ERROR"'

WATCHED, FAST_SAMPLES = "1m", 4
"""Samples in that time that make a sender fast; a slow one that adds one at its end has 3 at most."""
PATIENCE = "3m"
"""Window that holds two samples of a slow sender."""
REMEMBERED = "1h"
"""What sent metrics fast within that time and no longer does is down; its spans say 0 for ever."""
SAMPLED = 0.8
"""Spans by requests of the metrics, over `COMPARED`, below which a service samples its traces."""
COMPARED = "10m"

STEP = 10
"""Seconds between evaluations."""

SPANS, SLOW_METRICS = "spans", "slow_metrics"
_BY_SERVICE = ["service_name"]
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def rates(*where: str, failed: bool = False, window: str = q.PANEL) -> str:
    """The histogram of the seconds that requests took, of each series, per second; `failed` ones only."""
    metrics = (*where, SERVER_ERROR) if failed else where
    spans = (*where, SERVER_SPAN, SPAN_FAILED) if failed else (*where, SERVER_SPAN)
    return (
        f"({q.each_rate(HTTP, *metrics, window=window)} unless on (service_name) {q.select(REQUEST_SIGNAL)}"
        f" or {q.each_rate(REQUEST_SPANS, *spans, window=window)} and on (service_name) {_asked_by(SPANS)}"
        f" or {q.each_rate(HTTP, *metrics, window=_patient(window))}"
        f" and on (service_name) {_asked_by(SLOW_METRICS)})"
    )


def count(*where: str, failed: bool = False, by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """Requests per second."""
    return q.total(f"histogram_count({rates(*where, failed=failed, window=window)})", HTTP, by)


def distribution(*where: str, by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """The histogram of their seconds; what a heat map draws."""
    return q.total(rates(*where, window=window), HTTP, by)


def count_above(limit: float, *where: str, by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """Requests per second that take longer than `limit` seconds. No data when none was served."""
    each = rates(*where, window=window)
    slow = f"histogram_fraction({limit:g}, +Inf, {each}) * histogram_count({each})"
    return q.total(q.known(slow), HTTP, by)


def present(*, by: Sequence[str], window: str) -> str:
    """1 for each group of which requests were counted in a window, whatever the signal."""
    metrics = q.present(HTTP, by=by, window=window)
    return f"({metrics} or {q.present(REQUEST_SPANS, SERVER_SPAN, by=by, window=window)})"


def signal_rules() -> Iterator[Rule]:
    """By which signal each service is asked, and when which of its signals last arrived.

    Prometheus makes no `target_info` of a resource that has but a name and an instance: ingest hears those.
    """
    often = f"count_over_time({q.select(HTTP)}[{WATCHED}]) >= {FAST_SAMPLES}"
    yield record(FAST_METRICS, f"group by (service_name) ({often})")
    remembered = f"max_over_time({q.select(FAST_METRICS)}[{REMEMBERED}])"
    yield record(
        REQUEST_SIGNAL,
        f"group by (service_name) ({q.select(REQUEST_SPANS, SERVER_SPAN)}) "
        f"unless on (service_name) {remembered} unless on (service_name) ({_sampled()})",
        signal=SPANS,
    )
    yield record(
        REQUEST_SIGNAL,
        f"group by (service_name) ({q.select(HTTP)} offset {WATCHED}) "
        f"unless on (service_name) {remembered} unless on (service_name) {_asked_by(SPANS)}",
        signal=SLOW_METRICS,
    )
    described = f"timestamp({q.select(TARGET_INFO, NAMED)})"
    others = f'label_replace({q.select(series(i.INGEST_HEARD))}, "service_name", "$1", "sender", "(.+)")'
    yield record(HEARD, f"max by (service_name) ({described} or {others})", signal="metrics")
    spans = q.rate(SPAN_CALLS, by=_BY_SERVICE, window="30s")
    yield record(HEARD, f"0 * ({spans} > 0) + time()", signal=SPANS)


NAMED = 'service_name!=""'


def _asked_by(signal: str) -> str:
    return q.select(REQUEST_SIGNAL, f'signal="{signal}"')


def _sampled() -> str:
    spans = q.observations(REQUEST_SPANS, SERVER_SPAN, by=_BY_SERVICE, window=COMPARED)
    metrics = q.observations(HTTP, by=_BY_SERVICE, window=COMPARED)
    return f"{spans} < {SAMPLED:g} * {metrics}"


def _patient(window: str) -> str:
    if window == q.PANEL:
        return PATIENCE
    seconds = int(window[:-1]) * _SECONDS[window[-1]]
    return window if seconds > 180 else PATIENCE
