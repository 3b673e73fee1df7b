"""Asking an HTTP API that answers in JSON, such as Prometheus' or Jaeger's, by waiting or by awaiting.

A request says what to send and how to read the answer; both clients send the same requests.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import quote, urlencode

import httpx

TIMEOUT = 5.0
"""Seconds for one request: a machine short of CPU answers late, and just then its answers are needed."""

CONNECTIONS = 8

LARGE = 100_000
"""Bytes from which an answer takes more than about a millisecond to read."""

T = TypeVar("T")


class SourceAway(Exception):
    """A server did not answer, or not with what was asked for; the message says which and how."""


class Refused(SourceAway):
    """The server answered that it will not, with an HTTP `status` and a `reason`, which may be empty."""

    def __init__(self, name: str, status: int, reason: str) -> None:
        super().__init__(f"{name} answered with status {status}{': ' if reason else ''}{reason}.")
        self.status = status
        self.reason = reason


@dataclass(frozen=True)
class Request(Generic[T]):
    """What is sent to an API; `read` takes the body of the answer, and raises if it is not what was asked."""

    path: str
    parameters: Mapping[str, str]
    read: Callable[[bytes], T]
    method: Literal["GET", "POST"] = "GET"

    def link(self, address: str) -> str:
        """Where a browser finds the answer."""
        query = urlencode(self.parameters, quote_via=quote)
        return f"{address}{self.path}{'?' if query else ''}{query}"


class _Api:
    """One server's name, for messages, its address, and what its answers and failures mean."""

    def __init__(self, name: str, address: str, timeout: float = TIMEOUT) -> None:
        self.name = name
        self.address = address.rstrip("/")
        self.timeout = timeout

    def _read(self, request: Request[T], answer: httpx.Response) -> T:
        if not answer.is_success:
            raise Refused(self.name, answer.status_code, _reason(answer))
        try:
            return request.read(answer.content)
        except (ValueError, LookupError, TypeError, AttributeError):
            raise SourceAway(f"{self.name} gave an answer that is not its API's.") from None

    def _fail(self, error: httpx.HTTPError) -> SourceAway:
        if isinstance(error, httpx.TimeoutException):
            return SourceAway(f"{self.name} did not answer within {self.timeout:.0f} s at {self.address}.")
        return SourceAway(f"{self.name} cannot be reached at {self.address}.")


class Client(_Api):
    """Asks one server and waits for the answer."""

    def __init__(
        self,
        name: str,
        address: str,
        timeout: float = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
        token: str = "",
    ) -> None:
        super().__init__(name, address, timeout)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(
            base_url=self.address, timeout=timeout, trust_env=False, transport=transport, headers=headers
        )

    def ask(self, request: Request[T]) -> T:
        """The answer. Raises SourceAway."""
        try:
            answer = self._http.request(request.method, request.path, **_content(request))
        except httpx.HTTPError as error:
            raise self._fail(error) from None
        return self._read(request, answer)

    def close(self) -> None:
        """Drop the connections."""
        self._http.close()


class AsyncClient(_Api):
    """Asks one server without holding up others: large answers are read in a thread, one at a time.

    `public_address` is where people reach that server, if they do so by another address.
    """

    def __init__(
        self,
        name: str,
        address: str,
        timeout: float = TIMEOUT,
        transport: httpx.AsyncBaseTransport | None = None,
        public_address: str | None = None,
    ) -> None:
        super().__init__(name, address, timeout)
        self.public_address = (public_address or address).rstrip("/")
        limits = httpx.Limits(max_connections=CONNECTIONS)
        self._http = httpx.AsyncClient(
            base_url=self.address, timeout=timeout, limits=limits, trust_env=False, transport=transport
        )
        self._reading = asyncio.Lock()

    async def ask(self, request: Request[T]) -> T:
        """The answer. Raises SourceAway."""
        try:
            answer = await self._http.request(request.method, request.path, **_content(request))
        except httpx.HTTPError as error:
            raise self._fail(error) from None
        if len(answer.content) < LARGE:
            return self._read(request, answer)
        async with self._reading:
            return await asyncio.to_thread(self._read, request, answer)

    async def close(self) -> None:
        """Drop the connections."""
        await self._http.aclose()


def _content(request: Request[Any]) -> dict[str, Any]:
    return {"data" if request.method == "POST" else "params": dict(request.parameters)}


def _reason(answer: httpx.Response) -> str:
    """What Prometheus (`error`) or Jaeger (`errors`) says of it."""
    try:
        content = answer.json()
        return str(content["error"] if "error" in content else content["errors"][0]["msg"])[:200]
    except (ValueError, LookupError, TypeError):
        return ""
