"""Watch what is answered: the request path only notes it, a thread judges it every few seconds.

request ──► observe: one entry in a bounded queue            (event loop, under a microsecond)
every 10 s ► publish: rows of the last 2 minutes ► gauges    (thread)
"""

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic

import structlog

from services.demo.recommender.answers import Answer
from services.demo.recommender.feature_store import Features
from services.demo.recommender.instrumentation import Recorder
from services.demo.recommender.model import Model
from services.demo.recommender.signals.series import Gauges, Series
from services.demo.recommender.signals.version import (
    ItemsShown,
    Observation,
    VersionSignals,
    find_strangers,
    only_here,
)

PENDING = 2_000
"""Answers taken in between two rounds; of more, the newest, and what is counted of them stands for all."""

log = structlog.get_logger()


class Signals:
    """Model and data signals of all versions in use."""

    def __init__(
        self,
        gauges: Gauges,
        recorder: Recorder,
        interval: float,
        items_shown: ItemsShown = only_here,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._gauges = gauges
        self._recorder = recorder
        self._interval = interval
        self._items_shown = items_shown
        self._clock = clock
        self._pending: deque[Observation] = deque(maxlen=PENDING)
        self._observed = self._judged = 0
        self._versions: dict[str, VersionSignals] = {}

    def observe(self, model: Model, answer: Answer, features: Features | None) -> None:
        """Note an answer and the features it was made from."""
        if answer.items:
            self._observed += 1
            self._pending.append(Observation(model, answer, features))

    async def run(self) -> None:
        """Publish every `interval` seconds until cancelled; a failure is logged and costs one round."""
        while True:
            await asyncio.sleep(self._interval)
            try:
                await asyncio.to_thread(self.publish)
            except Exception as error:
                log.error("model and data signals failed", error=f"{type(error).__name__}: {error}")

    def publish(self) -> None:
        """Take in what was noted and set all gauges; runs in one thread at a time.

        What has no version among its attributes is the largest of any version: drift that one of them sees.
        """
        now = self._clock()
        noted = [self._pending.popleft() for _ in range(len(self._pending))]
        observed = self._observed - self._judged
        self._judged += observed
        of_each = observed / PENDING if len(noted) == PENDING else 1.0
        self._recorder.count_violations("unknown_item", round(of_each * find_strangers(noted)))
        self._take_in(noted, now)
        if not self._versions:
            return
        measures: dict[Series, float] = {}
        for version in self._versions.values():
            for series, value in version.measure(now):
                measures[series] = max(value, measures.get(series, value))
        self._gauges.publish(measures)

    def _take_in(self, noted: list[Observation], now: float) -> None:
        for model in {seen.model.version: seen.model for seen in noted}.values():
            known = self._versions.get(model.version)
            if known is None or known.model is not model:
                self._versions[model.version] = VersionSignals(model, self._items_shown)
        for version in self._versions.values():
            version.add([seen for seen in noted if seen.model is version.model], now)
        idle = [name for name, version in self._versions.items() if version.is_idle(now)]
        for name in idle[: len(self._versions) - 1]:
            del self._versions[name]
