"""What services serve, and what they see of their calls: rates, seconds and quantiles over all processes.

Asked of the histograms of each process, or of what rules recorded of them as floats: with thousands of
processes the first takes longer than anybody waits.
"""

from collections.abc import Iterator, Mapping

from prometheus import dependencies, requests
from prometheus import queries as q
from prometheus.recorded import TRAFFIC
from prometheus.rules import Rule, record

WINDOW = "20s"
"""Four exports of span metrics."""

STEP = 10
"""Seconds between evaluations."""

Queries = Mapping[str, str]

_SERVICE = ("service_name",)
_SERVED = ("served", "served_failed", "served_seconds", "served_median", "served_slowest")


def served(*where: str, recorded: bool = False) -> Queries:
    """Requests of each service, those that failed, their seconds, and the 50th and 99th percentile."""
    if recorded:
        return {name: q.select(TRAFFIC[name], *where) for name in _SERVED}
    durations = requests.distribution(*where, by=_SERVICE, window=WINDOW)
    asked = (
        requests.count(*where, by=_SERVICE, window=WINDOW),
        requests.count(*where, failed=True, by=_SERVICE, window=WINDOW),
        f"histogram_sum({durations})",
        f"histogram_quantile(0.5, {durations})",
        f"histogram_quantile(0.99, {durations})",
    )
    return dict(zip(_SERVED, asked, strict=True))


def called(*where: str, recorded: bool = False) -> Queries:
    """Calls to each peer by how they ended, their seconds, and the 10th, 50th and 99th percentile."""
    if recorded:
        return {name: q.select(of, *where) for name, of in TRAFFIC.items() if name not in _SERVED}
    return {
        "called": dependencies.count(*where, window=WINDOW),
        "called_seconds": dependencies.waited(*where, window=WINDOW),
        "called_fastest": dependencies.latency(0.1, *where, window=WINDOW),
        "called_median": dependencies.latency(0.5, *where, window=WINDOW),
        "called_slowest": dependencies.latency(0.99, *where, window=WINDOW),
    }


def evaluations(window: str) -> str:
    """How often each service was recorded in a window."""
    return f"count_over_time({q.select(TRAFFIC['served'])}[{window}])"


def traffic_rules() -> Iterator[Rule]:
    """All of it, of everybody."""
    for name, promql in {**served(), **called()}.items():
        yield record(TRAFFIC[name], promql)
