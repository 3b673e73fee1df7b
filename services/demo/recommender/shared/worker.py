"""One of several workers: a process with a place and an identity of its own, which ends with its parent."""

import asyncio
import multiprocessing
import os
import signal

import structlog

from services.demo.recommender.instrumentation import Recorder
from services.demo.recommender.settings import RecommenderSettings
from services.demo.recommender.shared.database import Database
from services.demo.recommender.shared.places import take_place
from services.demo.recommender.shared.store import SharedStore
from services.instrumentation import Telemetry

log = structlog.get_logger()


class Worker:
    """The worker in the first free place of the common folder, by whose number it is called.

    Raises OSError.
    """

    def __init__(self, settings: RecommenderSettings) -> None:
        self._settings = settings
        self._place = take_place(settings.shared_dir)
        self.name = str(self._place.number)
        if self._place.deaths:
            log.error("a worker was killed, with up to 5 s of its counts", place=self.name)

    def open_store(self, recorder: Recorder) -> SharedStore:
        """The store of answers, and the count of the deaths in this place, which goes on after each."""
        recorder.count_worker_deaths(self._place.deaths)
        return SharedStore(Database(self._settings.shared_dir, self._settings), recorder.count_store_failures)

    def watch_parent(self) -> None:
        """End when the parent is gone: it holds the port, and another one is to have it."""
        parent = multiprocessing.parent_process()
        if parent is None:
            return
        loop, sentinel = asyncio.get_running_loop(), parent.sentinel

        def end() -> None:
            loop.remove_reader(sentinel)
            os.kill(os.getpid(), signal.SIGTERM)

        loop.add_reader(sentinel, end)

    async def end(self, telemetry: Telemetry) -> None:
        """Send the telemetry that is queued: after the application's end uvicorn lets nothing run."""
        await asyncio.to_thread(telemetry.shutdown)
        self._place.leave()
