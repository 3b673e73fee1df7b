"""What is asked of Prometheus about services and their calls: PromQL by the name of its result."""

from collections.abc import Mapping

from prometheus import dependencies, requests
from prometheus import queries as q
from prometheus.names import TARGET_INFO

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

_INSTANCE = ("service_name", "instance")

DETAILS: Mapping[str, str] = {
    "instances": requests.count(by=_INSTANCE, window=WINDOW),
    "instances_failed": requests.count(failed=True, by=_INSTANCE, window=WINDOW),
    "instances_seconds": f"histogram_sum({requests.distribution(by=_INSTANCE, window=WINDOW)})",
    "versions": f"group by (service_name, service_version) ({q.select(TARGET_INFO)})",
}
"""What tells why a service is in trouble itself."""

MAP_STEP = 60.0
"""Seconds between points of the next, and the window of each."""

MAP: Mapping[str, str] = {
    "served": f"({requests.count(by=_SERVICE, window='1m')}) > 0",
    "called": f"({dependencies.count(by=(dependencies.CALLER, *dependencies.PEER), window='1m')}) > 0",
}
"""Who is there and who calls whom, and no more."""

BATCHES = (SERVED, CALLED, DETAILS)
"""The queries as they are asked: those of a batch together in one."""
