"""Users' features from object storage, under a deadline: what is late is not waited for, but used later.

request ──► fetch ──► storage_deadline: the request goes on with a stale copy or none
              └─────────────► the fetch ends, by storage_hard_limit at the latest: recorded, copy refreshed
"""

import asyncio
from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass
from math import inf, isfinite
from time import monotonic, perf_counter, time
from typing import NamedTuple

import numpy as np
from opentelemetry import trace
from pydantic import ValidationError

from services.demo.recommender.answers import Reason
from services.demo.recommender.instrumentation import Recorder
from services.demo.recommender.model import Model
from services.demo.recommender.object_reader import MAX_BYTES, ObjectRead, ObjectReader, Outcome
from services.demo.recommender.ranking import ItemIds, Vector
from services.demo.recommender.settings import RecommenderSettings
from services.demo.storage.artefacts import UserFeatures, features_key

TIMER_RESOLUTION = 0.001
"""Seconds by which the event loop's timers may run early."""

SKEW = 60.0
"""Seconds by which the clock of whoever computes features may be ahead."""

LARGEST = 1e6
"""Of a factor's magnitude; products of larger ones are not to be trusted."""


class Owner(NamedTuple):
    """Whose features: a version, the checksum of what is published under its name, and the user."""

    version: str
    checksum: str
    user_id: int


class InvalidFeatures(ValueError):
    """A feature object that does not fit its user or its model; `kind` names what is wrong in one word."""

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, eq=False)
class Features:
    """A user's factors float32[f], the items seen int32[s], and when they were computed, in Unix seconds."""

    factors: Vector
    seen: ItemIds
    computed_at: float


@dataclass(frozen=True)
class Loaded:
    """What a request got after `waited` seconds: `features` are a stale copy unless `reason` is ok.

    `computed_at` is the Unix time of the features that were found, used or not.
    """

    features: Features | None
    reason: Reason
    waited: float = 0.0
    computed_at: float | None = None


@dataclass(frozen=True)
class _Fetch:
    span: trace.Span
    task: asyncio.Task[tuple[Features | None, Reason]]


class StaleCopies:
    """The last features read of at most `capacity` users, each good for `max_age` seconds."""

    def __init__(self, capacity: int, max_age: float) -> None:
        self._capacity = capacity
        self._max_age = max_age
        self._copies: OrderedDict[Owner, tuple[float, Features]] = OrderedDict()

    def put(self, owner: Owner, features: Features) -> None:
        """Keep a copy, at the cost of the oldest one when full."""
        self._copies[owner] = (monotonic(), features)
        self._copies.move_to_end(owner)
        if len(self._copies) > self._capacity:
            self._copies.popitem(last=False)

    def get(self, owner: Owner) -> Features | None:
        """The copy of `owner` if there is one that is young enough."""
        kept_at, features = self._copies.get(owner, (-inf, None))
        return features if monotonic() - kept_at <= self._max_age else None


class FeatureStore:
    """Loads features; requests for the same user at the same time share one fetch."""

    def __init__(self, reader: ObjectReader, settings: RecommenderSettings, recorder: Recorder) -> None:
        self._reader = reader
        self._deadline = settings.storage_deadline
        self._max_age = settings.feature_max_age
        self._recorder = recorder
        self._copies = StaleCopies(settings.stale_capacity, settings.stale_max_age)
        self._under_way: dict[Owner, _Fetch] = {}

    async def load(self, model: Model, user_id: int) -> Loaded:
        """Load a user's features within the deadline, or fall back to a stale copy; never raises."""
        started = perf_counter()
        owner = Owner(model.version, model.card.sha256, user_id)
        fetch = self._join(owner) or self._start(owner, model.factors)
        if fetch is None:
            return self._fall_back(owner, Reason.STORAGE_BUSY)
        await asyncio.wait((fetch.task,), timeout=self._deadline + TIMER_RESOLUTION)
        waited = perf_counter() - started
        if not fetch.task.done():
            return self._fall_back(owner, Reason.STORAGE_DEADLINE, waited)
        features, reason = fetch.task.result()
        if reason is Reason.STORAGE_ERROR:
            return self._fall_back(owner, reason, waited)
        usable = features if reason is Reason.OK else None
        return Loaded(usable, reason, waited, features.computed_at if features else None)

    async def close(self) -> None:
        """Give up the fetches under way."""
        self._reader.close()
        tasks = [fetch.task for fetch in self._under_way.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _fall_back(self, owner: Owner, reason: Reason, waited: float = 0.0) -> Loaded:
        copy = self._copies.get(owner)
        if copy and self._is_expired(copy):
            copy = None
        return Loaded(copy, reason, waited, copy.computed_at if copy else None)

    def _join(self, owner: Owner) -> _Fetch | None:
        fetch = self._under_way.get(owner)
        if fetch is not None:
            trace.get_current_span().add_link(fetch.span.get_span_context())
        return fetch

    def _start(self, owner: Owner, factors: int) -> _Fetch | None:
        running = self._reader.begin(features_key(owner.version, owner.user_id))
        if running is None:
            return None
        span = self._recorder.start_storage_span()
        fetch = _Fetch(span, asyncio.create_task(self._fetch(owner, factors, running, span)))
        self._under_way[owner] = fetch
        fetch.task.add_done_callback(lambda _: self._under_way.pop(owner))
        return fetch

    async def _fetch(
        self, owner: Owner, factors: int, running: Future[ObjectRead], span: trace.Span
    ) -> tuple[Features | None, Reason]:
        try:
            read = await self._reader.finish(running)
            self._recorder.record_storage(span, read)
        finally:
            span.end()
        if read.outcome is not Outcome.OK:
            return None, Reason.STORAGE_ERROR
        if read.body is None:
            return None, Reason.FEATURES_MISSING
        try:
            features = parse_features(read.body, owner.user_id, factors)
        except InvalidFeatures as error:
            self._recorder.count_violation(error.kind)
            return None, Reason.FEATURES_INVALID
        if self._is_expired(features):
            return features, Reason.FEATURES_EXPIRED
        self._copies.put(owner, features)
        return features, Reason.OK

    def _is_expired(self, features: Features) -> bool:
        return time() - features.computed_at > self._max_age


def parse_features(body: bytes, user_id: int, factors: int) -> Features:
    """Check a feature object against its user and the model's number of factors. Raises `InvalidFeatures`."""
    if len(body) > MAX_BYTES:
        raise InvalidFeatures(f"longer than {MAX_BYTES} bytes", "too_large")
    try:
        found = UserFeatures.model_validate_json(body)
        with np.errstate(over="ignore"):
            vector = np.array(found.factors, dtype=np.float64).astype(np.float32)
        seen = np.array(found.seen, dtype=np.int32)
    except (ValidationError, OverflowError) as error:
        raise InvalidFeatures(str(error), "malformed") from error
    if found.user_id != user_id:
        raise InvalidFeatures("belongs to another user", "wrong_user")
    if len(vector) != factors:
        raise InvalidFeatures(f"has {len(vector)} factors, not {factors}", "wrong_length")
    if not np.isfinite(vector).all() or not isfinite(found.computed_at):
        raise InvalidFeatures("has factors or a time that are not finite", "not_finite")
    if np.abs(vector).max(initial=0) > LARGEST:
        raise InvalidFeatures(f"has a factor beyond {LARGEST:g}", "out_of_range")
    if found.computed_at > time() + SKEW:
        raise InvalidFeatures("was computed in the future", "in_the_future")
    return Features(vector, seen, found.computed_at)
