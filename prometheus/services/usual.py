"""Every service against its own past, whether whence.yaml lists it or not.

The usual value is the median over the baseline period, as in `prometheus.recommender.measures`.
"""

from collections.abc import Iterator

from prometheus import limits
from prometheus import queries as q
from prometheus.rules import Rule, record
from prometheus.series import Series
from prometheus.series.recorded import (
    ENTITY_FAILED,
    ENTITY_P95,
    ENTITY_REQUESTS,
    FAILED_ABOVE_USUAL,
    P95_TIMES_USUAL,
)

NOTICED = 0.1
"""Seconds more of the 95th percentile that users notice."""

BUSY = 0.5
"""Requests per second from which a percentile of a minute's is more than one of them."""

FEW_FAILED = 5
"""Requests of a minute that fail by chance."""

_SERVICE = 'kind="service"'


def usual_rules(baseline: str) -> Iterator[Rule]:
    """How much slower, and by how much more failing, than usual; as ever where chance may have done it."""
    p95, usual = _now_and_usual(ENTITY_P95, baseline)
    times = f"{p95} / ({usual} > 0)"
    noticed = q.provided(times, f"({p95} - {usual})", NOTICED)
    yield record(P95_TIMES_USUAL, _of_service(f"{_judged(noticed, ENTITY_P95, baseline)} or ({times}) ^ 0"))

    failed, usual = _now_and_usual(ENTITY_FAILED, baseline)
    more = f"({failed} - {usual})"
    many = q.provided(more, f"(60 * {failed} * {q.select(ENTITY_REQUESTS, _SERVICE)})", FEW_FAILED)
    yield record(FAILED_ABOVE_USUAL, _of_service(f"{_judged(many, ENTITY_FAILED, baseline)} or 0 * {more}"))


def _now_and_usual(of: Series, baseline: str) -> tuple[str, str]:
    return q.select(of, _SERVICE), q.median_over(of, _SERVICE, window=baseline)


def _judged(expr: str, of: Series, baseline: str) -> str:
    """Where there are requests enough and a past."""
    busy = q.provided(expr, q.select(ENTITY_REQUESTS, _SERVICE), BUSY)
    return q.provided(busy, q.looks_over(of, _SERVICE, window=baseline), limits.LOOKS)


def _of_service(expr: str) -> str:
    return f'max by (service_name) (label_replace({expr}, "service_name", "$1", "entity", "(.+)"))'
