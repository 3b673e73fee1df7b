"""One of several workers: a process with a place and an identity of its own, which ends with its parent."""

import asyncio
import multiprocessing
import os
import signal
from dataclasses import dataclass
from typing import cast

import structlog

from services.demo.recommender.instrumentation import Recorder
from services.demo.recommender.settings import RecommenderSettings
from services.demo.recommender.shared.database import Database
from services.demo.recommender.shared.files import Place, take_place
from services.demo.recommender.shared.store import SharedStore
from services.instrumentation import Telemetry

SETTLE = 1.0
"""Seconds that clicks in time have to reach the store before their answer is labelled."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Worker:
    """The worker in a place of the common folder."""

    settings: RecommenderSettings
    place: Place

    @classmethod
    def begin(cls, settings: RecommenderSettings) -> "Worker":
        """Take the first place that is free. Raises OSError."""
        place = take_place(settings.shared_dir)
        if place.orphaned:
            log.error("a worker was killed, with up to 5 s of its counts", place=place.number)
        return cls(settings, place)

    def open_store(self, recorder: Recorder) -> SharedStore:
        """The store of answers, and the count of the deaths in this place, which goes on after each."""
        recorder.count_worker_deaths(self.place.deaths)
        database = Database(self.settings.shared_dir, self.place.number, self.settings, SETTLE)
        return SharedStore(database, recorder.count_store_failures)

    def watch_parent(self) -> None:
        """End when the parent is gone: it holds the port, and another one is to have it."""
        parent = multiprocessing.parent_process()
        if parent is None:
            return
        loop, sentinel = asyncio.get_running_loop(), cast(int, parent.sentinel)

        def end() -> None:
            loop.remove_reader(sentinel)
            os.kill(os.getpid(), signal.SIGTERM)

        loop.add_reader(sentinel, end)

    async def end(self, telemetry: Telemetry) -> None:
        """Send the telemetry that is queued: after the application's end uvicorn lets nothing run."""
        await asyncio.to_thread(telemetry.shutdown)
        self.place.leave()
