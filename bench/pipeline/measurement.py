"""One step: so many spans or points per second for a while, what became of them, and who spent CPU on it."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import psutil

from bench.pipeline.parts import Parts
from bench.pipeline.sender import Sent, send
from bench.pipeline.signals import Signal

DEADLINE = 20.0
"""Seconds after the last is sent until all have to be found; span metrics leave the collector every 5 s."""
POLL = 0.5

PUNCTUAL = 1.0
"""Seconds by which the last request may be late."""

SENDER_CORES = 0.9
"""From here on it is the sender that is late."""


@dataclass(frozen=True)
class Step:
    """What was sent at `rate` per second in so many `seconds`, and how many were found.

    `dropped` are those that the collector accepted and gave up, `stored` those of each store, `queued` what
    still waits in the collector. `cores` are each part's CPU seconds until nothing waited, per second of
    sending; `busy` is the share of the machine's CPU that was in use.
    """

    rate: float
    seconds: float
    sent: Sent
    dropped: float
    stored: Mapping[str, float]
    queued: float
    cores: Mapping[str, float]
    busy: float

    @property
    def kept(self) -> dict[str, float]:
        """Shares of what was sent, by where they were kept."""
        tried = self.sent.accepted + self.sent.refused
        kept = {"collector": self.sent.accepted - self.dropped, **self.stored}
        return {name: number / tried for name, number in kept.items()}

    def per_core(self, part: str) -> float:
        """Spans or points per second for each core that a part used."""
        return self.sent.accepted / (self.cores[part] * self.seconds)


def measure(parts: Parts, signal: Signal, rates: Sequence[float], seconds: float) -> Iterator[Step]:
    """A step for each rate, up to the first that is too much."""
    for rate in rates:
        parts.settle()
        step = _measure(parts, signal, rate, seconds)
        yield step
        if find_weakest(step):
            return


def find_weakest(step: Step) -> str:
    """Which part gave way first, and by what sign; empty if all was kept and in time."""
    sent, lacking = step.sent, [name for name in step.stored if step.kept[name] < 1]
    lost = f"{sent.refused:,} were refused and {step.dropped:,.0f} dropped"
    if sent.late > PUNCTUAL and step.cores["sender"] >= SENDER_CORES:
        return f"sender: it needs {step.cores['sender']:.2f} cores"
    if lacking and (step.queued or not sent.refused + step.dropped):
        there = f"{step.kept[lacking[0]]:.1%} were there {DEADLINE:.0f} s after the last was sent"
        return f"{lacking[0]}: {there}; {step.queued:,.0f} wait in the collector, {lost}"
    if sent.refused or step.dropped:
        return f"collector: {lost}"
    if sent.late > PUNCTUAL:
        return f"collector: the last request was taken {sent.late:.1f} s late"
    return ""


def _measure(parts: Parts, signal: Signal, rate: float, seconds: float) -> Step:
    began, dropped, spent = time.monotonic(), _dropped(parts, signal), parts.spent()
    stored = _stored(parts, signal, 0.001)
    psutil.cpu_percent()
    sent = send(f"{parts.otlp}{signal.path}", signal.make(rate), rate, seconds)
    busy, end = psutil.cpu_percent() / 100, time.monotonic() + DEADLINE
    while (queued := parts.queued()) and time.monotonic() < end:
        time.sleep(POLL)
    cores = {name: (used - spent[name]) / seconds for name, used in parts.spent().items()}
    while True:
        now = _stored(parts, signal, time.monotonic() - began)
        found = {name: number - stored[name] for name, number in now.items()}
        if min(found.values()) >= sent.accepted or time.monotonic() > end:
            return Step(rate, seconds, sent, _dropped(parts, signal) - dropped, found, queued, cores, busy)
        time.sleep(POLL)


def _stored(parts: Parts, signal: Signal, seconds: float) -> dict[str, float]:
    return {name: count(parts, seconds) for name, count in signal.stores.items()}


def _dropped(parts: Parts, signal: Signal) -> float:
    counter = f"otelcol_exporter_send_failed_{signal.counted}"
    return parts.count("collector", counter, f'exporter="{signal.exporter}"')
