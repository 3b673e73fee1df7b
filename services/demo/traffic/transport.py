"""A transport for httpx that costs the users' process little: kept connections, plain HTTP/1.1.

All users are one process; with httpx's own transport it would be overloaded before the recommender is.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import httptools
import httpx

MOST_KEPT = 128
LIFETIME = 2.0
"""Seconds after which a connection is not used again, for another of the recommender's workers to get one."""

CHUNK = 65_536


@dataclass
class _Answer:
    """What the parser found so far."""

    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: list[bytes] = field(default_factory=list)
    complete: bool = False
    is_last: bool = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))
        self.is_last |= (name.lower(), value.lower()) == (b"connection", b"close")

    def on_body(self, body: bytes) -> None:
        self.body.append(body)

    def on_message_complete(self) -> None:
        self.complete = True


@dataclass(frozen=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    opened: float = field(default_factory=monotonic)

    @property
    def usable(self) -> bool:
        return monotonic() - self.opened < LIFETIME and not self.reader.at_eof()


class PlainTransport(httpx.AsyncBaseTransport):
    """Sends requests over kept connections; a request that finds none opens one. For http:// only.

    Raises httpx's ConnectError, ConnectTimeout, ReadError and ReadTimeout.
    """

    def __init__(self) -> None:
        self._kept: deque[_Connection] = deque(maxlen=MOST_KEPT)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request and its answer, read whole."""
        timeout: dict[str, Any] = request.extensions.get("timeout", {})
        connection = self._find_kept() or await _connect(request.url, timeout.get("connect"))
        content = _encode(request, await request.aread())
        return await self._exchange(connection, content, timeout.get("read"))

    async def aclose(self) -> None:
        """Close what is kept."""
        while self._kept:
            self._kept.pop().writer.close()

    def _find_kept(self) -> _Connection | None:
        """The connection that has waited for longest, if it is young and the other side has not closed it."""
        while self._kept:
            connection = self._kept.popleft()
            if connection.usable:
                return connection
            connection.writer.close()
        return None

    async def _exchange(
        self, connection: _Connection, content: bytes, patience: float | None
    ) -> httpx.Response:
        answer = _Answer()
        parser = httptools.HttpResponseParser(answer)
        try:
            async with asyncio.timeout(patience):
                connection.writer.write(content)
                while not answer.complete:
                    parser.feed_data(await _read_some(connection.reader))
        except TimeoutError:
            raise httpx.ReadTimeout("no answer in time") from None
        except (OSError, httptools.HttpParserError) as error:
            raise httpx.ReadError(str(error)) from None
        finally:
            if answer.complete and not answer.is_last and len(self._kept) < MOST_KEPT:
                self._kept.append(connection)
            else:
                connection.writer.close()
        return httpx.Response(parser.get_status_code(), headers=answer.headers, content=b"".join(answer.body))


async def _connect(url: httpx.URL, patience: float | None) -> _Connection:
    try:
        async with asyncio.timeout(patience):
            return _Connection(*await asyncio.open_connection(url.host, url.port or 80))
    except TimeoutError:
        raise httpx.ConnectTimeout("no connection in time") from None
    except OSError as error:
        raise httpx.ConnectError(str(error)) from None


async def _read_some(reader: asyncio.StreamReader) -> bytes:
    if not (data := await reader.read(CHUNK)):
        raise ConnectionResetError("closed before the answer was complete")
    return data


def _encode(request: httpx.Request, body: bytes) -> bytes:
    head = b"%b %b HTTP/1.1\r\n" % (request.method.encode(), request.url.raw_path)
    headers = b"".join(b"%b: %b\r\n" % header for header in request.headers.raw)
    return head + headers + b"\r\n" + body
