"""The versions that answer: the live one and those the flag names, kept when what comes next is bad.

poll ──► live.json, flag ──► which versions ──► read those that are new or published anew
                                                 │
         they answer from now on ◄── all known ──┴── one is new ──► they answer when the feature job
                                                                    says that its features are there
poll ──► flag file ──► names versions that answer already ──► it holds from now on

The flag is followed apart from storage, so that a roll-back waits for no read.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from time import time
from typing import NamedTuple

import structlog
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import Reason as FlagReason
from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from services.demo.flags import FLAG_KEY, Flag
from services.demo.flags.file import FlagFile
from services.demo.flags.provider import FileProvider
from services.demo.recommender.connection import Connection
from services.demo.recommender.instrumentation import Recorder
from services.demo.recommender.model import (
    Model,
    ModelUnavailable,
    read_card,
    read_live_version,
    read_materialised,
    read_model,
)
from services.demo.recommender.settings import RecommenderSettings
from services.demo.recommender.watch import Watch

log = structlog.get_logger()
PATIENCE_POLLS = 6
"""Polls that a new version waits for its features; then it answers without, as far as they are missing."""


class Choice(NamedTuple):
    """The model that answers a user, and why the flag chose it: split, static, default, or error."""

    model: Model
    reason: str


@dataclass(frozen=True)
class _InUse:
    """What one poll found; `problem` is why a version the flag names is not among `models`.

    Versions that are new and whose features may not all be there are `unprepared`.
    """

    live: str
    flag: Flag | None
    models: Mapping[str, Model]
    problem: str | None
    unprepared: frozenset[str]


class Versions:
    """Chooses a model for each user; `problem` is what keeps a version from being used as it should be."""

    def __init__(
        self,
        connection: Connection,
        flags: FlagFile,
        settings: RecommenderSettings,
        recorder: Recorder,
        watch: Watch,
    ) -> None:
        self.problem: str | None = "the model has not been read yet"
        self._store = connection.store
        self._bucket = connection.bucket
        self._flags = flags
        self._poll_interval = settings.model_poll_interval
        self._fresh = settings.feature_max_age / 2
        self._polls_waited = 0
        self._recorder = recorder
        self._watch = watch
        self._provider = FileProvider()
        self._flag: Flag | None = None
        self._reads_flag = asyncio.Lock()
        self._loaded: Mapping[str, Model] = {}
        self._in_use: _InUse | None = None
        self._ready = asyncio.Event()

    @property
    def live(self) -> Model | None:
        """The live version, None before the first one is loaded."""
        return self._in_use.models[self._in_use.live] if self._in_use else None

    @property
    def names(self) -> list[str]:
        """The versions in use."""
        return sorted(self._in_use.models) if self._in_use else []

    @property
    def flag(self) -> Flag | None:
        """The flag in use, the same object while nothing changes in it."""
        return self._provider.flag

    def choose(self, user_id: int) -> Choice:
        """The version for a user, always the same for the same flag. Raises `ModelUnavailable`."""
        used = self._in_use
        if used is None:
            raise ModelUnavailable(self.problem)
        found = self._provider.resolve_string_details(FLAG_KEY, used.live, EvaluationContext(str(user_id)))
        model = used.models.get(found.value)
        if model is None:
            return Choice(used.models[used.live], FlagReason.ERROR.lower())
        return Choice(model, str(found.reason).lower())

    async def wait(self, seconds: float) -> None:
        """Return when there is a model to answer with, or after `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ready.wait()

    async def run(self) -> None:
        """Load the versions, with growing pauses between tries, then follow what is used until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_flag())
            tasks.create_task(self._follow_storage())

    async def _follow_flag(self) -> None:
        while True:
            await self._read_flag()
            if self._in_use:
                self._use(self._in_use)
            await asyncio.sleep(self._poll_interval)

    async def _read_flag(self) -> None:
        async with self._reads_flag:
            self._flag = await asyncio.to_thread(self._flags.read)

    async def _follow_storage(self) -> None:
        retry_always = AsyncRetrying(
            retry=retry_if_exception_type(ModelUnavailable),
            wait=wait_random_exponential(multiplier=0.5, max=10),
        )
        await retry_always(self._load)
        while True:
            await asyncio.sleep(self._poll_interval)
            with suppress(ModelUnavailable):
                await self._load()

    async def _load(self) -> None:
        """Go over to what is to be used now. Logs and raises `ModelUnavailable` without a live one."""
        await self._read_flag()
        try:
            found = await asyncio.to_thread(self._read, self._flag)
        except ModelUnavailable as error:
            self._report(str(error))
            raise
        except Exception as error:
            self._report(f"the model could not be read: {type(error).__name__}: {error}")
            raise ModelUnavailable(self.problem) from error
        self._report(found.problem)
        self._loaded = found.models
        if found.unprepared and self._polls_waited < PATIENCE_POLLS:
            self._polls_waited += 1
            return
        self._polls_waited = 0
        await asyncio.to_thread(self._watch.prepare, found.models.values())
        await self._read_flag()
        self._use(found)

    def _read(self, flag: Flag | None) -> _InUse:
        live = read_live_version(self._store, self._bucket)
        models = {live: self._read_version(live)}
        problem = None
        for version in sorted(set(flag.variants.values()) - {live}) if flag else ():
            try:
                models[version] = self._read_version(version)
            except ModelUnavailable as error:
                problem = str(error)
                if version in self._loaded:
                    models[version] = self._loaded[version]
        new = models.keys() - self._in_use.models.keys() if self._in_use else ()
        unprepared = frozenset(version for version in new if not self._is_prepared(version))
        return _InUse(live, flag, models, problem, unprepared)

    def _is_prepared(self, version: str) -> bool:
        found = read_materialised(self._store, self._bucket, version)
        return found is not None and time() - found.computed_at < self._fresh

    def _read_version(self, version: str) -> Model:
        card = read_card(self._store, self._bucket, version)
        known = self._loaded.get(version)
        if known is not None and known.card == card:
            return known
        return read_model(self._store, self._bucket, card)

    def _use(self, found: _InUse) -> None:
        """Use what was found by the flag as it is now; not if that names versions that were not read."""
        if self._flag != found.flag:
            named = {found.live, *(self._flag.variants.values() if self._flag else ())}
            if not named <= found.models.keys():
                return
            found = replace(found, flag=self._flag, models={name: found.models[name] for name in named})
        former, self._in_use = self._in_use, found
        self._ready.set()
        self._provider.flag = found.flag
        if former and former.live == found.live and former.models == found.models:
            return
        before = former.models.values() if former else ()
        self._watch.keep(found.models.keys())
        self._recorder.record_versions(before, found.models[found.live], found.models.values())
        log.info("versions in use", live=found.live, versions=self.names)

    def _report(self, problem: str | None) -> None:
        if problem and problem != self.problem:
            log.error(problem, serving=self.names)
        self.problem = problem
