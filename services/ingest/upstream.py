"""Prometheus' OTLP endpoint: what it makes of a request."""

from collections.abc import Callable
from time import monotonic, time_ns

import httpx

from services.ingest.reasons import Reason, classify
from services.ingest.splitting import Request
from telemetry import attributes as a

TIMEOUT = httpx.Timeout(10.0, connect=2.0)
REFUSALS = frozenset({400, 413, 422})
DOUBTFUL = 500
"""The answer to a bad point, such as one of delta temporality, and to a full disk."""
PROBE_HOLDS = 1.0
"""Seconds for which an accepted probe says that Prometheus is not at fault."""
PATH = "/api/v1/otlp/v1/metrics"
HEADERS = {"content-type": "application/x-protobuf"}


class Away(Exception):
    """Prometheus accepts nothing at present; the message says how that shows."""


class Refused(Exception):
    """Prometheus refuses the request for something in it; nothing of it is stored."""

    def __init__(self, reason: Reason, said: str) -> None:
        super().__init__(said)
        self.reason = reason


Counted = Callable[[str], None]


class Upstream:
    """Sends requests, one after the other; each is told to `counted` by its outcome."""

    def __init__(self, url: str, counted: Counted, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._url = url + PATH
        self._counted = counted
        self._accepts_until = 0.0
        self._client = httpx.AsyncClient(
            timeout=TIMEOUT, trust_env=False, headers=HEADERS, transport=transport
        )

    async def send(self, request: Request) -> None:
        """Returns when all of it is stored. Raises Refused and Away."""
        try:
            await self._post(request)
        except _Doubtful as doubt:
            if await self._accepts_a_probe():
                self._counted("refused")
                raise Refused(classify(str(doubt)), str(doubt)) from None
            self._counted("unavailable")
            raise Away(str(doubt)) from None
        except Refused:
            self._counted("refused")
            raise
        except (httpx.HTTPError, Away) as error:
            self._counted("unavailable")
            raise Away(str(error) or type(error).__name__) from None
        self._counted("stored")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _post(self, request: Request) -> None:
        try:
            answer = await self._client.post(self._url, content=request.SerializeToString())
        except (httpx.RemoteProtocolError, httpx.ReadError) as error:
            # It gives no answer where it panics, at a label of 16 MiB for example.
            raise _Doubtful(f"no answer: {error or type(error).__name__}") from None
        if answer.is_success:
            return
        said = answer.text.strip()[:200]
        if answer.status_code in REFUSALS:
            raise Refused(classify(said), said)
        if answer.status_code == DOUBTFUL:
            raise _Doubtful(said)
        raise Away(f"status {answer.status_code}: {said}")

    async def _accepts_a_probe(self) -> bool:
        """Whether a sample that nothing is wrong with is stored: then it was the other request's fault."""
        if monotonic() < self._accepts_until:
            return True
        try:
            await self._post(_probe())
        except (httpx.HTTPError, Refused, Away, _Doubtful):
            return False
        self._accepts_until = monotonic() + PROBE_HOLDS
        return True


class _Doubtful(Exception):
    """The request or Prometheus may be at fault."""


def _probe() -> Request:
    request = Request()
    resource = request.resource_metrics.add()
    service = resource.resource.attributes.add(key=a.SERVICE_NAME)
    service.value.string_value = "ingest"
    gauge = resource.scope_metrics.add().metrics.add(name="ingest.probe").gauge
    gauge.data_points.add(as_int=1, time_unix_nano=time_ns())
    return request
