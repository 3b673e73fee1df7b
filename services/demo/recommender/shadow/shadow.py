"""Answers in the shadow: by one thread, from features that it reads itself, after the user's answer.

request ──► answered ──► offer: a share of them into a bounded queue, or dropped and counted
                           └─► thread: budget left? event loop idle? ──► read features, score, rank, compare

The thread has no lower priority than others: Python runs one thread at a time, so one that waits for a
processor while it holds the interpreter would hold up all requests. What keeps users' answers fast is that an
answer takes about a millisecond in two halves, that there is a budget for all of them together, and that none
is begun while the event loop is late. Storage sees one read at a time, on a connection of its own.
"""

import asyncio
import random
from collections.abc import Callable
from queue import Empty, Full, Queue
from threading import Event, Thread
from time import thread_time, time, time_ns
from typing import NamedTuple, Protocol

import structlog
from opentelemetry.trace import SpanContext

from services.demo.features.bucket import BucketError
from services.demo.flags.file import ShadowFile
from services.demo.recommender.answers import Answer, Source
from services.demo.recommender.connection import Connection
from services.demo.recommender.feature_store import InvalidFeatures, parse_features
from services.demo.recommender.model import Model, ModelUnavailable, read_card, read_model
from services.demo.recommender.ranking import locate, rank, score
from services.demo.recommender.settings import RecommenderSettings
from services.demo.recommender.shadow.agreement import compare
from services.demo.recommender.shadow.budget import Budget
from services.demo.recommender.shadow.recording import Outcome, ShadowRecorder
from services.demo.storage.artefacts import features_key

QUEUED = 32
"""Requests that wait to be answered in the shadow; more are dropped."""

IDLE = 0.5
"""Seconds after which the thread looks whether it is to end."""

log = structlog.get_logger()


class Objects(Protocol):
    """Reads objects, for one thread. A read raises `BucketError`, or gives None where there is no object."""

    def read(self, key: str) -> bytes | None: ...

    def close(self) -> None: ...


class ShadowSource(NamedTuple):
    """Where it is said which version answers in the shadow, and how its thread reaches storage."""

    file: ShadowFile
    connect: Callable[[], Objects]


class _InUse(NamedTuple):
    model: Model
    share: float


class _Offered(NamedTuple):
    answer: Answer
    span: SpanContext
    model: Model


class Shadow:
    """The version in the shadow; `active` gives the reads for users that are under way."""

    def __init__(
        self,
        source: ShadowSource,
        connection: Connection,
        settings: RecommenderSettings,
        recorder: ShadowRecorder,
        active: Callable[[], int],
    ) -> None:
        self._source = source
        self._store, self._bucket = connection.store, connection.bucket
        self._poll_interval = settings.model_poll_interval
        self._max_age = settings.feature_max_age
        self._max_lag = settings.shadow_max_lag
        self._max_active = settings.shadow_max_active
        self._budget = Budget(settings.shadow_processor)
        self._recorder = recorder
        self._active = active
        self._used: _InUse | None = None
        self._problem: str | None = None
        self._queue: Queue[_Offered] = Queue(QUEUED)
        self._stopping = Event()

    @property
    def version(self) -> str | None:
        """The version that answers in the shadow now."""
        return self._used.model.version if self._used else None

    @property
    def problem(self) -> str | None:
        """What keeps a version from answering in the shadow."""
        return self._problem

    def offer(self, answer: Answer, span: SpanContext) -> None:
        """Let an answer that a version made for its user be made in the shadow too, if it is chosen.

        The popular list says nothing about a version, and a version has no shadow of itself.
        """
        used = self._used
        if used is None or answer.labels.source is Source.POPULAR:
            return
        if answer.labels.version == used.model.version or random.random() >= used.share:
            return
        try:
            self._queue.put_nowait(_Offered(answer, span, used.model))
        except Full:
            self._recorder.count(used.model.version, Outcome.QUEUE_FULL)

    async def run(self) -> None:
        """Follow the file and answer what is offered until cancelled."""
        loop = asyncio.get_running_loop()
        Thread(target=self._work, args=(loop,), name="shadow", daemon=True).start()
        try:
            while True:
                await asyncio.to_thread(self._follow)
                await asyncio.sleep(self._poll_interval)
        finally:
            self._stopping.set()

    def _follow(self) -> None:
        wanted = self._source.file.read()
        if wanted is None:
            self._used = self._problem = None
            return
        former = self._used.model if self._used and self._used.model.version == wanted.version else None
        try:
            self._used = _InUse(self._read(wanted.version, former), wanted.share)
            self._problem = None
        except Exception as error:
            unavailable = isinstance(error, ModelUnavailable)
            self._report(str(error) if unavailable else f"{type(error).__name__}: {error}")
            self._used = _InUse(former, wanted.share) if former else None

    def _read(self, version: str, former: Model | None) -> Model:
        card = read_card(self._store, self._bucket, version)
        if former is not None and former.card == card:
            return former
        model = read_model(self._store, self._bucket, card)
        log.info("version in the shadow", version=version)
        return model

    def _report(self, problem: str) -> None:
        if problem != self._problem:
            log.error("no version answers in the shadow", problem=problem)
        self._problem = problem

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        objects = self._source.connect()
        while not self._stopping.wait(self._budget.wait):
            try:
                offered = self._queue.get(timeout=IDLE)
            except Empty:
                continue
            before = thread_time()
            outcome = self._answer(offered, objects) if self._is_idle(loop) else Outcome.BUSY
            self._recorder.count(offered.model.version, outcome)
            used = thread_time() - before
            self._recorder.spend(offered.model.version, used)
            self._budget.spend(used)
        objects.close()

    def _is_idle(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether the event loop gets to what is due within `max_lag`, and storage is not busy with users."""
        reached = Event()
        try:
            loop.call_soon_threadsafe(reached.set)
        except RuntimeError:  # the loop is closed
            return False
        return reached.wait(self._max_lag) and self._active() < self._max_active

    def _answer(self, offered: _Offered, objects: Objects) -> Outcome:
        try:
            return self._compare(offered, objects)
        except BucketError:
            return Outcome.STORAGE_ERROR
        except InvalidFeatures:
            return Outcome.FEATURES_INVALID
        except Exception as error:
            self._report(f"{type(error).__name__}: {error}")
            return Outcome.FAILED

    def _compare(self, offered: _Offered, objects: Objects) -> Outcome:
        answer, span, model = offered
        started = time_ns()
        if model.segment_of(answer.user_id) is None:
            return Outcome.UNKNOWN_USER
        body = objects.read(features_key(model.version, answer.user_id))
        if body is None:
            return Outcome.FEATURES_MISSING
        features = parse_features(body, answer.user_id, model.factors)
        if time() - features.computed_at > self._max_age:
            return Outcome.FEATURES_EXPIRED
        scores = score(model.arrays.item_factors, features.factors)
        item_ids = model.arrays.item_ids
        ranked = rank(scores, item_ids, locate(item_ids, features.seen), len(answer.items))
        shown = [item_id for item_id, _ in answer.items]
        items = [item_id for item_id, _ in ranked]
        if shown or items:
            self._recorder.record(model.version, answer, span, items, compare(shown, items), started)
        return Outcome.ANSWERED
