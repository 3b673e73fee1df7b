"""OTLP/HTTP on one kept-alive connection; no instrumentation library traces http.client."""

import gzip
import ssl
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection, RemoteDisconnected
from time import time
from urllib.parse import urlsplit

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

RETRYABLE = frozenset({429, 502, 503, 504})
"""https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes"""
RESPONSE_LIMIT = 65_536
COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}


class SendFailed(Exception):
    """A request was not accepted. `kind` is an `error.type`; `pause` is what the receiver asks for, in s."""

    def __init__(self, kind: str, *, retryable: bool, pause: float | None = None) -> None:
        super().__init__(kind)
        self.kind = kind
        self.retryable = retryable
        self.pause = pause


@dataclass(frozen=True)
class Target:
    """Where spans go; `timeout` bounds each wait, in seconds; `compression` is none, gzip or deflate."""

    endpoint: str = "http://localhost:4318/v1/traces"
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 10.0
    compression: str = "none"
    certificate: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None

    def connect(self) -> HTTPConnection:
        """Return a connection that opens when it is first used."""
        address = urlsplit(self.endpoint)
        if address.scheme != "https":
            return HTTPConnection(address.hostname or "", address.port, timeout=self.timeout)
        trust = ssl.create_default_context(cafile=self.certificate)
        if self.client_certificate:
            trust.load_cert_chain(self.client_certificate, self.client_key)
        return HTTPSConnection(address.hostname or "", address.port, timeout=self.timeout, context=trust)


class Sender:
    """Posts export requests to `target`; one thread at a time."""

    def __init__(self, target: Target) -> None:
        address = urlsplit(target.endpoint)
        self._path = (address.path or "/") + (f"?{address.query}" if address.query else "")
        self._connection = target.connect()
        self._compress = COMPRESSIONS.get(target.compression)
        self._headers = {"content-type": "application/x-protobuf", "user-agent": "fastotel"}
        if self._compress:
            self._headers["content-encoding"] = target.compression
        self._headers.update({name.lower(): value for name, value in target.headers.items()})

    def send(self, payload: bytes) -> int:
        """Post an export request and return how many spans were rejected. Raises SendFailed."""
        body = self._compress(payload) if self._compress else payload
        try:
            status, pause, answer = self._post(body)
        except (OSError, HTTPException) as failure:
            self._connection.close()
            raise SendFailed(type(failure).__qualname__, retryable=True) from failure
        if not 200 <= status < 300:
            raise SendFailed(str(status), retryable=status in RETRYABLE, pause=pause)
        try:
            accepted = ExportTraceServiceResponse.FromString(answer)
        except DecodeError:
            return 0
        return int(accepted.partial_success.rejected_spans)

    def _post(self, body: bytes) -> tuple[int, float | None, bytes]:
        kept_alive = self._connection.sock is not None
        try:
            return self._exchange(body)
        except (RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            if not kept_alive:
                raise
        self._connection.close()
        return self._exchange(body)

    def _exchange(self, body: bytes) -> tuple[int, float | None, bytes]:
        self._connection.request("POST", self._path, body, self._headers)
        response = self._connection.getresponse()
        answer = response.read(RESPONSE_LIMIT)
        if not response.isclosed():
            self._connection.close()
        return response.status, _parse_pause(response.getheader("retry-after")), answer

    def close(self) -> None:
        """Drop the connection."""
        self._connection.close()


def _parse_pause(value: str | None) -> float | None:
    """Return the seconds of a Retry-After header, given as seconds or as a date."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time())
    except ValueError:
        return None
