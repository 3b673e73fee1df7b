"""The body of an OTLP request, resource by resource as it arrives: it is never held whole.

`ExportMetricsServiceRequest` has one field: `repeated ResourceMetrics resource_metrics = 1`. In protobuf's
encoding that is a sequence of: the byte 0x0A, the length as a varint, so many bytes.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

RESOURCE_METRICS = 0x0A
LONGEST_VARINT = 5
"""Bytes: lengths above 2³⁵ are no lengths."""
SHOWN = 1 << 16
"""Bytes at both ends that are kept of a resource that is too large, to tell whose it is."""


class Malformed(ValueError):
    """The body is not an ExportMetricsServiceRequest."""


@dataclass(frozen=True)
class TooLarge:
    """Both ends of a resource above the limit, and its size in bytes."""

    ends: bytes
    size: int


class _Reader:
    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._buffer = bytearray()

    async def take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            if not await self.fill():
                raise Malformed("the body ends within a message")
        taken = bytes(memoryview(self._buffer)[:size])
        del self._buffer[:size]
        return taken

    async def skip(self, size: int) -> None:
        while size:
            if not self._buffer and not await self.fill():
                raise Malformed("the body ends within a message")
            passed = min(size, len(self._buffer))
            del self._buffer[:passed]
            size -= passed

    async def fill(self) -> bool:
        """Whether more has come."""
        async for chunk in self._chunks:
            if chunk:
                self._buffer += chunk
                return True
        return False

    async def ended(self) -> bool:
        return not self._buffer and not await self.fill()

    async def varint(self) -> int:
        value = 0
        for place in range(LONGEST_VARINT):
            byte = (await self.take(1))[0]
            value |= (byte & 0x7F) << 7 * place
            if byte < 0x80:
                return value
        raise Malformed("a length is too long")


async def read_resources(chunks: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes | TooLarge]:
    """Each encoded ResourceMetrics of a body, or its ends if it has more than `limit` bytes.

    Raises Malformed.
    """
    reader = _Reader(chunks)
    while not await reader.ended():
        if await reader.varint() != RESOURCE_METRICS:
            raise Malformed("an unknown field")
        size = await reader.varint()
        if size <= limit:
            yield await reader.take(size)
        else:
            head = await reader.take(min(size, SHOWN))
            tail = min(size - len(head), SHOWN)
            await reader.skip(size - len(head) - tail)
            yield TooLarge(head + await reader.take(tail), size)
