"""The model in use: switched when live.json changes, kept when what comes next is bad."""

import asyncio

import structlog
from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from services.recommender.connection import Connection
from services.recommender.instrumentation import Recorder
from services.recommender.model import Model, ModelUnavailable, read_live_version, read_model

log = structlog.get_logger()


class LiveModel:
    """`current` is the model to answer with, `problem` what keeps it from being the one live.json names."""

    def __init__(self, connection: Connection, poll_interval: float, recorder: Recorder) -> None:
        self.current: Model | None = None
        self.problem: str | None = "the model has not been read yet"
        self._store = connection.store
        self._bucket = connection.bucket
        self._poll_interval = poll_interval
        self._recorder = recorder

    async def run(self) -> None:
        """Load the model, with growing pauses between tries, then follow live.json until cancelled."""
        retry_always = AsyncRetrying(
            retry=retry_if_exception_type(ModelUnavailable),
            wait=wait_random_exponential(multiplier=0.5, max=10),
        )
        await retry_always(self.refresh)
        while True:
            await asyncio.sleep(self._poll_interval)
            try:
                await self.refresh()
            except ModelUnavailable:
                continue

    async def refresh(self) -> None:
        """Switch to the version live.json names, as a whole. Logs and raises `ModelUnavailable`."""
        try:
            model = await asyncio.to_thread(self._read)
        except ModelUnavailable as error:
            self._report(str(error))
            raise
        except Exception as error:
            self._report(f"the model could not be read: {type(error).__name__}: {error}")
            raise ModelUnavailable(self.problem) from error
        self.problem = None
        if model is not self.current:
            self._switch(model)

    def _read(self) -> Model:
        version = read_live_version(self._store, self._bucket)
        if self.current is not None and self.current.version == version:
            return self.current
        return read_model(self._store, self._bucket, version)

    def _switch(self, model: Model) -> None:
        former, self.current = self.current, model
        self._recorder.record_switch(former, model)
        log.info("model live", version=model.version, former=former and former.version)

    def _report(self, problem: str) -> None:
        if problem != self.problem:
            self.problem = problem
            log.error(problem, serving=self.current and self.current.version)
