"""OTLP/HTTP in, OTLP/HTTP out: what is answered 200 is stored, or counted as refused."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic, time

import structlog
from google.protobuf.message import DecodeError
from starlette.types import Receive, Scope, Send

from services.ingest.collisions import Collisions
from services.ingest.counting import Counts
from services.ingest.delivery import Delivery
from services.ingest.inspection import Inspector
from services.ingest.masking import MASK, add_masked
from services.ingest.reasons import Reason
from services.ingest.senders import find_name
from services.ingest.series import SeriesLimit
from services.ingest.settings import Settings
from services.ingest.splitting import Request
from services.ingest.sums import Sums
from services.ingest.tally import Tally
from services.ingest.upstream import Away, Upstream
from services.ingest.wire import Malformed, TooLarge, read_resources
from services.instrumentation import Telemetry

log = structlog.get_logger(__name__)

RESOURCE_LIMIT = 4 << 20
"""Bytes. A larger resource is refused alone; Prometheus panics at a label of 16 MiB."""
GROUP_LIMIT = 2 << 20
"""Bytes from which what has come of a request is sent on: so much of it is held, and one resource more."""
WAITING = 8
"""Requests at once, of which one is worked on; more are answered 503. The collector sends one at a time."""
RETRY_AFTER = "1"
"""Seconds."""

Headers = list[tuple[bytes, bytes]]


class Gone(Exception):
    """The client went away before its request was whole."""


class Ingest:
    """Takes metrics at any path that ends with /v1/metrics."""

    def __init__(self, settings: Settings, telemetry: Telemetry) -> None:
        series = SeriesLimit(settings.series_per_service, settings.series_in_all, monotonic)
        self._series = series
        self._counts = Counts(telemetry, series)
        self._upstream = Upstream(settings.prometheus_url, self._counts.request)
        self._sums = Sums()
        self._inspector = Inspector(series, Collisions(monotonic), self._sums, time)
        self._delivery = Delivery(self._upstream, monotonic)
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            status, text = await self._answer(scope, receive)
            await _respond(send, status, text)

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, str]:
        if scope["path"] in ("/healthz", "/readyz"):
            return 200, "ok"
        if not scope["path"].endswith("/v1/metrics"):
            return 404, "metrics are taken at /v1/metrics"
        if scope["method"] != "POST":
            return 405, "metrics are sent by POST"
        if unfit := _unfit(scope["headers"]):
            return 415, unfit
        if self._waiting >= WAITING:
            return 503, "too many requests wait"
        return await self._wait_and_take(receive)

    async def _wait_and_take(self, receive: Receive) -> tuple[int, str]:
        self._waiting += 1
        try:
            async with self._turn:
                return await self._take(receive)
        finally:
            self._waiting -= 1

    async def _take(self, receive: Receive) -> tuple[int, str]:
        tally = Tally()
        if self._series.turn():
            self._sums.turn()
        self._sums.begin()
        try:
            await self._pass_on(_body(receive), tally)
        except Malformed as error:
            return 400, f"not an ExportMetricsServiceRequest: {error}"
        except Gone:
            return 499, "the request was not whole"
        except Away as away:
            log.warning("Prometheus accepts nothing", said=str(away))
            return 503, f"Prometheus accepts nothing: {away}"
        self._sums.commit()
        self._counts.add(tally)
        return 200, ""

    async def _pass_on(self, body: AsyncIterator[bytes], tally: Tally) -> None:
        group, size = self._begin(), 0
        async for resource in read_resources(body, RESOURCE_LIMIT):
            if isinstance(resource, TooLarge):
                tally.of(find_name(resource.ends)).refused[Reason.TOO_LARGE] += 1
                continue
            if not self._takes(group, resource, tally):
                tally.of(find_name(resource)).refused[Reason.INVALID] += 1
                continue
            size += len(resource)
            if size >= GROUP_LIMIT:
                await self._delivery.deliver(group, tally)
                group, size = self._begin(), 0
        await self._delivery.deliver(group, tally)

    def _begin(self) -> Request:
        """A request to Prometheus, empty as yet."""
        self._inspector.begin()
        return Request()

    def _takes(self, group: Request, encoded: bytes, tally: Tally) -> bool:
        """Whether a resource is now the last of the group: one that nothing can be made of costs no other."""
        parsed = group.resource_metrics.add()
        try:
            parsed.MergeFromString(encoded)
            if MASK in encoded:
                add_masked(parsed)
            self._inspector.inspect(parsed, tally)
        except Exception as error:
            if not isinstance(error, DecodeError):
                log.exception("A resource cannot be inspected", service=find_name(encoded))
            del group.resource_metrics[-1]
            return False
        return True

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                await self._upstream.close()
                return


def _unfit(headers: Headers) -> str:
    known = dict(headers)
    if known.get(b"content-encoding", b"identity") != b"identity":
        return "send without compression"
    content = known.get(b"content-type", b"").split(b";")[0]
    return "" if content == b"application/x-protobuf" else "send application/x-protobuf"


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        yield message.get("body", b"")
        if not message.get("more_body"):
            return


async def _respond(send: Send, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain" if text else b"application/x-protobuf")]
    headers += [(b"content-length", str(len(text.encode())).encode())]
    headers += [(b"retry-after", RETRY_AFTER.encode())] if status == 503 else []
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})
