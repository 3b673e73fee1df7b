"""What the stack's own parts use, by `job`: those that Prometheus scrapes, so not Toxiproxy and Grafana."""

from prometheus import external as e
from prometheus import queries as q
from prometheus.series import Series

BY = ["job"]
SMALLEST_SWING = 2**20
"""Bytes. Go lets a heap grow by 4 MB at least before it collects; less than this was seen by chance."""


def cores(window: str) -> str:
    """CPU cores in use."""
    used = (e.GO_CPU, e.COLLECTOR_CPU, e.JAEGER_CPU, e.MINIO_CPU)
    return " or ".join(q.rate(of, by=BY, window=window) for of in used)


def collections(window: str) -> str:
    """Garbage collections per second.

    The collector and Jaeger do not count them. Each collection makes room for as much as the heap swings
    between its lowest and its highest, so there it is what they allocate per second by that swing: rather
    too few, for the heap also swings with what it holds. Of few samples, too many: ask for minutes.
    """
    estimated = (_estimate(of, window) for of in (e.COLLECTOR_ALLOCATED, e.JAEGER_ALLOCATED))
    return " or ".join([q.rate(e.GO_COLLECTIONS, by=BY, window=window), *estimated])


def _estimate(allocated: Series, window: str) -> str:
    highest, lowest = q.peak_over(e.HEAP, by=BY, window=window), q.trough_over(e.HEAP, by=BY, window=window)
    return f"{q.rate(allocated, by=BY, window=window)} / clamp_min({highest} - {lowest}, {SMALLEST_SWING})"
