"""What Prometheus knows of an experiment: at most five requests, each for at most 5,000 series."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from config.experiments import Experiment, Metric
from decisions.experiments.estimates import UNKNOWN, Estimate
from decisions.experiments.quantiles import Groups, ratio, read_quantiles
from decisions.experiments.queries import EVENT, GROUP, INSTANCE, SEGMENT, VERSION, count_queries
from prometheus.client import SERIES, Client, TimeSeries, query_batch

ALL = None
"""In place of a segment: all of them."""


class TooManySeries(Exception):
    """An answer is not whole; the message says what to do."""


@dataclass(frozen=True)
class Reading:
    """Counts since the start, and the estimates of the quantiles.

    `events` are by version, event and segment, also without one; `durations` are requests and seconds by
    version; `quantiles` are by metric and version.
    """

    seconds: int
    users: Mapping[str, float]
    events: Mapping[tuple[str, str, str | None], Groups]
    durations: Mapping[str, tuple[Groups, Groups]]
    quantiles: Mapping[tuple[str, str], Estimate]

    @property
    def segments(self) -> list[str]:
        """Those in which anything happened."""
        return sorted({segment for *_, segment in self.events if segment is not ALL})

    def count(self, version: str, event: str = "request", segment: str | None = ALL) -> float:
        """How often an event happened."""
        return sum(self.events.get((version, event, segment), {}).values())

    def estimate(self, metric: Metric, version: str, segment: str | None = ALL) -> Estimate:
        """A metric of a version; quantiles and durations are known of all segments together only."""
        if metric.kind == "quantile":
            return self.quantiles.get((metric.name, version), UNKNOWN)
        if metric.per is None:
            requests, seconds = self.durations.get(version, ({}, {}))
            return ratio(seconds, requests)
        of, per = (self.events.get((version, event, segment), {}) for event in (metric.of, metric.per))
        return ratio(of, per, events=metric.kind == "conversion")


def read(client: Client, experiment: Experiment, now: float) -> Reading:
    """Ask for everything between the start and `now` (Unix seconds). Raises SourceAway or TooManySeries."""
    seconds = int(now - experiment.start)
    counted = client.ask(query_batch(count_queries(experiment, seconds), now))
    if sum(map(len, counted.values())) >= SERIES:
        raise TooManySeries(
            f"{experiment.name} has {SERIES:,} series or more, of which some are missing in the answer: "
            f"count fewer segments, or declare fewer variants"
        )
    requests, took = (_by_group(counted[name]) for name in ("requests", "seconds"))
    return Reading(
        seconds,
        _largest_process(counted["users"]),
        _by_event(counted["events"]),
        {version: (groups, took.get(version, {})) for version, groups in requests.items()},
        read_quantiles(client, experiment, requests, seconds, now),
    )


def _by_event(found: Sequence[TimeSeries]) -> dict[tuple[str, str, str | None], Groups]:
    events: defaultdict[tuple[str, str, str | None], defaultdict[str, float]] = defaultdict(
        lambda: defaultdict(float)
    )
    for each in found:
        version, event, group = (each.labels.get(name, "") for name in (VERSION, EVENT, GROUP))
        for segment in (each.labels.get(SEGMENT, ""), ALL):
            events[version, event, segment][group] += each.last
    return {key: dict(groups) for key, groups in events.items()}


def _by_group(found: Sequence[TimeSeries]) -> dict[str, dict[str, float]]:
    groups: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for each in found:
        groups[each.labels[VERSION]][each.labels[GROUP]] = each.last
    return dict(groups)


def _largest_process(found: Sequence[TimeSeries]) -> dict[str, float]:
    """Users by version of the process that saw most of them: each process counts all that it sees."""
    processes: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for each in found:
        processes[each.labels.get(INSTANCE, "")][each.labels[VERSION]] = each.last
    return max(processes.values(), key=lambda users: sum(users.values()), default={})
