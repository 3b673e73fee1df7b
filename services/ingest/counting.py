"""What the process tells about itself: points by what became of them, and by whom and why."""

from collections.abc import Iterable, Mapping
from time import time

from opentelemetry.metrics import CallbackOptions, Observation

from services.ingest.reasons import Reason
from services.ingest.senders import OTHER, Names
from services.ingest.series import SeriesLimit
from services.ingest.tally import Arrival, Findings, Tally
from services.instrumentation import Telemetry
from telemetry import attributes as a
from telemetry import instruments as i

SENDERS = 256
METRICS = 256
"""Names that become attributes of metrics."""
PROCESSES = 32
"""Of a service, whose ages are told one by one; later ones share one."""
REMEMBERED = 120.0
"""Seconds for which it is told when a service was heard; SDKs send every 60 s unless told otherwise."""


class Counts:
    """Counts by the registry's instruments."""

    def __init__(self, telemetry: Telemetry, series: SeriesLimit) -> None:
        self._series = series
        self._senders, self._metrics, self._keys = Names(SENDERS), Names(METRICS), Names(METRICS)
        self._stored = telemetry.instrument(i.INGEST_POINTS_STORED)
        self._refused = telemetry.instrument(i.INGEST_POINTS_REFUSED)
        self._repaired = telemetry.instrument(i.INGEST_POINTS_REPAIRED)
        self._collisions = telemetry.instrument(i.INGEST_COLLISIONS)
        self._excess = telemetry.instrument(i.INGEST_SERIES_REFUSED)
        self._requests = telemetry.instrument(i.INGEST_REQUESTS)
        self._heard: dict[str, dict[str, Arrival]] = {}
        telemetry.observe(i.INGEST_HEARD, self._observe_heard)
        telemetry.observe(i.INGEST_POINTS_AGE, self._observe_age)
        telemetry.observe(i.INGEST_SERIES, self._observe_series)

    def request(self, outcome: str) -> None:
        """A request to Prometheus is answered."""
        self._requests.add(1, {a.OUTCOME: outcome})

    def add(self, tally: Tally) -> None:
        """A request of the collector's is done with."""
        self._stored.add(tally.stored)
        for (service, instance), arrival in tally.heard.items():
            self._hear(service, instance, arrival)
        for service, findings in tally.services.items():
            if findings.refused or findings.repaired or findings.collisions:
                self._add(service, findings)

    def _add(self, service: str, findings: Findings) -> None:
        sender = {a.SENDER: self._senders.bound(service)}
        for reason, points in findings.refused.items():
            self._refused.add(points, {**sender, a.REASON: reason})
        for reason, points in (+findings.repaired).items():
            self._repaired.add(points, {**sender, a.REASON: reason})
        if findings.collisions:
            self._collisions.add(findings.collisions, sender)
        if excess := findings.refused[Reason.SERIES]:
            self._excess.add(excess, {**sender, **self._name_culprit(service)})

    def _name_culprit(self, service: str) -> dict[str, str]:
        metric, attribute = self._series.culprit(service)
        return {a.METRIC: self._metrics.bound(metric), a.ATTRIBUTE: self._keys.bound(attribute)}

    def _hear(self, service: str, instance: str, arrival: Arrival) -> None:
        processes = _recent(self._heard.pop(service, {}), arrival.at)
        known = instance in processes or len(processes) < PROCESSES
        processes[instance if known else OTHER] = arrival
        self._heard[service] = processes  # the first is the one not heard for longest
        if len(self._heard) > SENDERS:
            del self._heard[next(iter(self._heard))]

    def _observe_heard(self, _: CallbackOptions) -> Iterable[Observation]:
        for service, processes in list(self._heard.items()):
            if recent := _recent(processes, time()):
                yield Observation(max(arrival.at for arrival in recent.values()), {a.SENDER: service})

    def _observe_age(self, _: CallbackOptions) -> Iterable[Observation]:
        for service, processes in list(self._heard.items()):
            for instance, arrival in _recent(processes, time()).items():
                sender = {a.SENDER: service, a.SENDER_INSTANCE: instance}
                yield Observation(arrival.at - arrival.newest, sender)

    def _observe_series(self, _: CallbackOptions) -> Iterable[Observation]:
        counts = sorted(self._series.counts(), key=lambda count: count[1], reverse=True)[:SENDERS]
        return [Observation(number, {a.SENDER: service}) for service, number in counts]


def _recent(processes: Mapping[str, Arrival], now: float) -> dict[str, Arrival]:
    return {instance: each for instance, each in processes.items() if each.at > now - REMEMBERED}
