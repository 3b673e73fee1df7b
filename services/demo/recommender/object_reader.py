"""Reads of single objects: bounded in number, in size and in time, off the event loop, and never raising."""

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from time import perf_counter
from typing import Any, cast

from botocore.exceptions import ClientError

from services.demo.recommender.connection import Connection
from services.demo.storage.client import error_code
from services.demo.storage.errors import find_error_type
from telemetry.storage_errors import StorageErrorType

MAX_BYTES = 1 << 20
"""An object is read up to this size in bytes; what is longer arrives one byte longer than that."""

TIMEOUTS = frozenset({StorageErrorType.CONNECT_TIMEOUT, StorageErrorType.READ_TIMEOUT})


class Outcome(StrEnum):
    """How an operation on storage ended. An absent object is `ok`: storage did its work."""

    OK = "ok"
    ERROR = "error"
    TIMEOUT = "timeout"


@dataclass(frozen=True)
class ObjectRead:
    """A finished read: `body` is None if there is no such object or the read failed; it took `seconds`.

    `first_byte` is when the answer began, in seconds, if it did.
    """

    outcome: Outcome
    body: bytes | None = None
    error_type: StorageErrorType | None = None
    status: int | None = None
    request_id: str | None = None
    seconds: float = 0.0
    first_byte: float | None = None


class ObjectReader:
    """At most `concurrency` reads at a time, each given up after `hard_limit` seconds.

    A read that was given up keeps its place until its thread is back, so threads and places cannot diverge.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        concurrency: int,
        hard_limit: float,
    ) -> None:
        self._store = connection.store
        self._bucket = connection.bucket
        self._concurrency = concurrency
        self._hard_limit = hard_limit
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="storage")
        self._running: set[Future[ObjectRead]] = set()

    @property
    def active(self) -> int:
        """Reads under way."""
        return len(self._running)

    def begin(self, key: str) -> Future[ObjectRead] | None:
        """Begin to read one object; None where all places are taken."""
        if len(self._running) >= self._concurrency:
            return None
        running = self._pool.submit(self._get, key)
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        return running

    async def finish(self, running: Future[ObjectRead]) -> ObjectRead:
        """Wait for a read that was just begun, up to the hard limit."""
        started = perf_counter()
        try:
            async with asyncio.timeout(self._hard_limit):
                return await asyncio.wrap_future(running)
        except TimeoutError:
            return ObjectRead(
                Outcome.TIMEOUT, error_type=StorageErrorType.HARD_LIMIT, seconds=perf_counter() - started
            )

    def close(self) -> None:
        """Start no more reads; those under way end by the client's own time limits."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _get(self, key: str) -> ObjectRead:
        started = perf_counter()
        try:
            answer = cast(dict[str, Any], self._store.get_object(Bucket=self._bucket, Key=key))
            first_byte = perf_counter() - started
            with closing(answer["Body"]) as content:
                body = content.read(MAX_BYTES + 1)
                content.read(1)  # only a read at the end of the stream notices that it was cut short
        except Exception as error:
            return classify(error, perf_counter() - started)
        seconds = perf_counter() - started
        return ObjectRead(Outcome.OK, body, None, *_origin(answer), seconds, first_byte)


def classify(error: Exception, seconds: float) -> ObjectRead:
    """The read that ended with `error` after `seconds`."""
    if isinstance(error, ClientError):
        status, request_id = _origin(cast(dict[str, Any], error.response))
        if error_code(error) == "NoSuchKey":
            return ObjectRead(Outcome.OK, None, None, status, request_id, seconds, seconds)
        return ObjectRead(Outcome.ERROR, None, find_error_type(error), status, request_id, seconds, seconds)
    kind = find_error_type(error)
    return ObjectRead(
        Outcome.TIMEOUT if kind in TIMEOUTS else Outcome.ERROR, error_type=kind, seconds=seconds
    )


def _origin(answer: dict[str, Any]) -> tuple[int | None, str | None]:
    metadata = answer.get("ResponseMetadata", {})
    return metadata.get("HTTPStatusCode"), metadata.get("RequestId")
