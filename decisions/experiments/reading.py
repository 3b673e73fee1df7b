"""What Prometheus knows of an experiment: at most four requests, each of at most 5,000 series."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from config.experiments import Experiment, Metric
from decisions.experiments.estimates import Estimate, around, quantile_of_shares, ratio_of_sums
from decisions.experiments.queries import (
    EVENT,
    GROUP,
    INSTANCE,
    SEGMENT,
    VERSION,
    below_query,
    count_queries,
    quantile_query,
)
from prometheus.client import Client, TimeSeries, query_batch

SIDES = ("_low", "_high")

ALL = None
"""In place of a segment: all of them."""

Groups = Mapping[str, float]
"""A sum by group of users."""


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
            return _ratio(seconds, requests)
        of, per = (self.events.get((version, event, segment), {}) for event in (metric.of, metric.per))
        return _ratio(of, per, events=metric.kind == "conversion")


UNKNOWN = Estimate(*(np.array(value) for value in (np.nan, np.inf, 0.0, 0.0)))


def read(client: Client, experiment: Experiment, now: float) -> Reading:
    """Ask for everything between the start and `now` (Unix seconds). Raises SourceAway."""
    seconds = int(now - experiment.start)
    counted = client.ask(query_batch(count_queries(experiment, seconds), now))
    requests, took = (_by_group(counted[name]) for name in ("requests", "seconds"))
    return Reading(
        seconds,
        _largest_process(counted["users"]),
        _by_event(counted["events"]),
        {version: (groups, took.get(version, {})) for version, groups in requests.items()},
        _read_quantiles(client, experiment, requests, seconds, now),
    )


class _Target(NamedTuple):
    """One quantile (0–1) of one version."""

    metric: str
    version: str
    quantile: float


def _read_quantiles(
    client: Client, experiment: Experiment, requests: Mapping[str, Groups], seconds: int, now: float
) -> dict[tuple[str, str], Estimate]:
    """Where each quantile is; how many of each group's requests are below it, which says how sure its share
    is; and where the quantiles are that are a standard error of the share away."""
    targets = {
        f"q{number}_{place}": _Target(metric.name, version, metric.quantile)
        for number, metric in enumerate(experiment.metrics)
        if metric.quantile
        for place, version in enumerate(requests)
    }

    def ask_quantiles(wanted: Mapping[str, tuple[str, float]]) -> dict[str, float]:
        asked = {name: quantile_query(version, of, seconds) for name, (version, of) in wanted.items()}
        found = client.ask(query_batch(asked, now)) if asked else {}
        return {name: series[0].last for name, series in found.items() if series}

    values = ask_quantiles({name: (of.version, of.quantile) for name, of in targets.items()})
    below = {name: below_query(targets[name].version, value, seconds) for name, value in values.items()}
    found = client.ask(query_batch(below, now)) if below else {}
    shares = {
        name: _ratio(
            {each.labels[GROUP]: each.last for each in groups}, requests[targets[name].version], True
        )
        for name, groups in found.items()
    }
    beside = {
        (name, side): float(of)
        for name, share in shares.items()
        for side, of in zip(SIDES, around(targets[name].quantile, share), strict=True)
    }
    ends = ask_quantiles({name + side: (targets[name].version, of) for (name, side), of in beside.items()})
    return {
        (targets[name].metric, targets[name].version): quantile_of_shares(
            share, values[name], *(ends.get(name + side, np.nan) for side in SIDES)
        )
        for name, share in shares.items()
    }


def _ratio(sums: Groups, counts: Groups, events: bool = False) -> Estimate:
    groups = sorted(counts)
    if not groups:
        return UNKNOWN
    return ratio_of_sums(
        [sums.get(group, 0.0) for group in groups], [counts[group] for group in groups], events=events
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
