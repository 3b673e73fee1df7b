"""What services serve, and what they see of their calls: rates, seconds and quantiles over all processes.

Asked of the histograms of each process, or of what rules recorded of them as floats: with thousands of
processes the first takes longer than anybody waits.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from prometheus import queries as q
from prometheus.rules import Rule, record
from prometheus.series.recorded import TRAFFIC
from prometheus.services import dependencies, requests

WINDOW = "20s"
"""Four exports of span metrics."""

STEP = 10
"""Seconds between evaluations."""

Queries = Mapping[str, str]

_SERVICE = ("service_name",)
_INSTANCE = ("service_name", "instance")


def served(*where: str, recorded: bool = False) -> Queries:
    """Requests of each service, those that failed, their seconds, and the 50th and 99th percentile."""
    durations = requests.distribution(*where, by=_SERVICE, window=WINDOW)
    of_histograms = {
        "served": requests.count(*where, by=_SERVICE, window=WINDOW),
        "served_failed": requests.count(*where, failed=True, by=_SERVICE, window=WINDOW),
        "served_seconds": f"histogram_sum({durations})",
        "served_median": f"histogram_quantile(0.5, {durations})",
        "served_slowest": f"histogram_quantile(0.99, {durations})",
    }
    return _recorded(of_histograms, where) if recorded else of_histograms


def instances(*where: str, recorded: bool = False) -> Queries:
    """Requests of each instance, those that failed, and their seconds."""
    of_histograms = {
        "instances": requests.count(*where, by=_INSTANCE, window=WINDOW),
        "instances_failed": requests.count(*where, failed=True, by=_INSTANCE, window=WINDOW),
        "instances_seconds": f"histogram_sum({requests.distribution(*where, by=_INSTANCE, window=WINDOW)})",
    }
    return _recorded(of_histograms, where) if recorded else of_histograms


def called(*where: str, recorded: bool = False) -> Queries:
    """Calls to each peer by how they ended, their seconds, and the 10th, 50th and 99th percentile."""
    of_histograms = {
        "called": dependencies.count(*where, window=WINDOW),
        "called_seconds": dependencies.waited(*where, window=WINDOW),
        "called_fastest": dependencies.latency(0.1, *where, window=WINDOW),
        "called_median": dependencies.latency(0.5, *where, window=WINDOW),
        "called_slowest": dependencies.latency(0.99, *where, window=WINDOW),
    }
    return _recorded(of_histograms, where) if recorded else of_histograms


def evaluations(window: str) -> str:
    """How often each service was recorded in a window."""
    return f"count_over_time({q.select(TRAFFIC['served'])}[{window}])"


def traffic_rules() -> Iterator[Rule]:
    """All of it, of everybody."""
    for name, promql in {**served(), **instances(), **called()}.items():
        yield record(TRAFFIC[name], promql)


def _recorded(names: Iterable[str], where: Sequence[str]) -> Queries:
    return {name: q.select(TRAFFIC[name], *where) for name in names}
