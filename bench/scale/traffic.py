"""Sends the spans and metrics of a fleet in the background, and counts bytes and spans."""

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from bench.pipeline.encoding import Request
from bench.pipeline.points import Points
from bench.pipeline.sender import Sent, send
from bench.pipeline.spans import Spans
from bench.scale.fleet import EXPORT, REPLICAS, Fleet
from stack import StackError

SPREAD = 0.5
"""Of the logarithm of durations: 95% of them are within a factor of 2.7."""

TRACES, METRICS = "/v1/traces", "/v1/metrics"

LONGEST = 3600.0


class Counted:
    """Requests without end, until it is stopped; what has been taken of them."""

    def __init__(self, requests: Iterable[Request], stopped: threading.Event) -> None:
        self._requests, self._stopped = requests, stopped
        self.items = 0
        self.bytes = 0

    def __iter__(self) -> Iterator[Request]:
        for request in self._requests:
            if self._stopped.is_set():
                return
            self.items += request.items
            self.bytes += len(request.body)
            yield request


@contextmanager
def run_traffic(otlp: str, fleet: Fleet, rate: float) -> Iterator[dict[str, Counted]]:
    """What a fleet sends at a rate, by signal, until the context ends.

    Raises StackError if something was refused, or came late.
    """
    stopped, load = threading.Event(), fleet.load(rate)
    sent = {METRICS: Counted(Points(fleet.processes, REPLICAS), stopped)}
    rates = {METRICS: load.points}
    if rate:
        spans = Spans(traces=round(rate * EXPORT), placing=fleet.place, spread=SPREAD)
        sent[TRACES], rates[TRACES] = Counted(spans, stopped), load.spans
    with ThreadPoolExecutor(len(sent)) as pool:
        under_way = {
            path: pool.submit(send, f"{otlp}{path}", requests, rates[path], LONGEST)
            for path, requests in sent.items()
        }
        try:
            yield sent
        finally:
            stopped.set()
    for path, future in under_way.items():
        _check(path, future)


def _check(path: str, future: Future[Sent]) -> None:
    found = future.result()
    if found.refused or found.late > EXPORT:
        raise StackError(
            f"{path}: {found.refused:,} refused, {found.late:.1f} s late: the machine is too slow or busy"
        )
