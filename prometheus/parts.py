"""What the stack's own parts use, by `job`: those that Prometheus scrapes, so not Grafana."""

from prometheus import queries as q
from prometheus.series import Series
from prometheus.series import external as e

BY = ["job"]
SMALLEST_SWING = 2**20
"""Bytes. Go lets a heap grow by 4 MB at least before it collects; less than this was seen by chance."""


def cores(window: str) -> str:
    """CPU cores in use."""
    used = (e.GO_CPU, e.COLLECTOR_CPU, e.JAEGER_CPU, e.MINIO_CPU)
    return " or ".join(q.rate(of, by=BY, window=window) for of in used)


def collections(window: str) -> str:
    """Garbage collections per second.

    The collector and Jaeger do not count them. Each collection makes room for as much as the heap swings, so
    there it is what they allocate per second by that swing: rather too few, for the heap also swings with
    what it holds. Of few samples, too many: ask for minutes.
    """
    estimated = (_estimate(of, window) for of in (e.COLLECTOR_ALLOCATED, e.JAEGER_ALLOCATED))
    return " or ".join([q.rate(e.GO_COLLECTIONS, by=BY, window=window), *estimated])


def _estimate(allocated: Series, window: str) -> str:
    """A heap grows evenly from low to high: from quantile .1 to .9 it is .8 of that, without outliers."""
    low, high = (q.quantile_over(at, e.HEAP, by=BY, window=window) for at in (0.1, 0.9))
    swing = f"clamp_min(({high} - {low}) / 0.8, {SMALLEST_SWING})"
    return f"{q.rate(allocated, by=BY, window=window)} / {swing}"
