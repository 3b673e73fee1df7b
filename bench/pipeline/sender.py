"""Export requests over OTLP/HTTP at a fixed rate."""

import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import cast
from urllib.parse import urlsplit

from bench.pipeline.encoding import Request

CONNECTIONS = 8
TIMEOUT = 10.0
HEADERS = {"content-type": "application/x-protobuf"}


@dataclass(frozen=True)
class Sent:
    """Spans or points that were answered 200 and otherwise, and by how many seconds the last was late."""

    accepted: int
    refused: int
    late: float


def send(url: str, requests: Iterable[Request], rate: float, seconds: float) -> Sent:
    """Send `rate` spans or points per second, as evenly as requests allow; return when all are answered."""
    answers: list[tuple[int, Future[bool]]] = []
    free, items, late = threading.Semaphore(CONNECTIONS), 0, 0.0
    with _Connections(url) as connections, ThreadPoolExecutor(CONNECTIONS) as pool:
        began = time.monotonic()
        for request in requests:
            due = began + items / rate
            if max(due, time.monotonic()) >= began + seconds:
                break
            time.sleep(max(due - time.monotonic(), 0))
            free.acquire()
            late = time.monotonic() - due
            answer = pool.submit(connections.post, request.body)
            answer.add_done_callback(lambda _: free.release())
            answers.append((request.items, answer))
            items += request.items
    accepted = sum(count for count, answer in answers if answer.result())
    return Sent(accepted, items - accepted, late)


class _Connections(ExitStack):
    """One for each thread, kept alive."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = urlsplit(url)
        self._own = threading.local()

    def post(self, body: bytes) -> bool:
        """Whether it is answered 200."""
        connection = self._connect()
        try:
            connection.request("POST", self._url.path, body, HEADERS)
            answer = connection.getresponse()
            answer.read()
        except (OSError, HTTPException):
            connection.close()
            return False
        return answer.status == 200

    def _connect(self) -> HTTPConnection:
        if not hasattr(self._own, "connection"):
            connection = HTTPConnection(self._url.hostname or "", self._url.port, timeout=TIMEOUT)
            self._own.connection = self.enter_context(closing(connection))
        return cast("HTTPConnection", self._own.connection)
