"""What is asked of Prometheus about services and their calls: PromQL by the name of its result."""

from collections.abc import Mapping

from prometheus import dependencies, requests

WINDOW = "20s"
"""Four exports of span metrics."""

_SERVICE = ("service_name",)

SERVED: Mapping[str, str] = {
    "served": requests.count(by=_SERVICE, window=WINDOW),
    "served_failed": requests.count(failed=True, by=_SERVICE, window=WINDOW),
    "served_seconds": f"histogram_sum({requests.distribution(by=_SERVICE, window=WINDOW)})",
    "served_median": f"histogram_quantile(0.5, {requests.distribution(by=_SERVICE, window=WINDOW)})",
    "served_slowest": f"histogram_quantile(0.99, {requests.distribution(by=_SERVICE, window=WINDOW)})",
}

CALLED: Mapping[str, str] = {
    "called": dependencies.count(window=WINDOW),
    "called_seconds": dependencies.waited(window=WINDOW),
    "called_median": dependencies.latency(0.5, window=WINDOW),
    "called_slowest": dependencies.latency(0.99, window=WINDOW),
}

BATCHES = (SERVED, CALLED)
"""The queries as they are asked: those of a batch together in one."""
