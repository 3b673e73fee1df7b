"""A load generator light enough not to be what is measured: raw HTTP/1.1 over kept-alive connections."""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter

PACED_CONNECTIONS = 16


@dataclass
class Load:
    """What a run of requests did: latencies in seconds, failures are answers other than 2xx."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    failures: int = 0

    def quantile(self, q: float) -> float:
        """The q-quantile of latency in milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(q * len(ordered)))] * 1_000


class Connection:
    """One kept-alive connection to 127.0.0.1."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> "Connection":
        """Connect to 127.0.0.1:`port`."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def get(self, path: str) -> int:
        """Request `path` and return the status.

        Raises ConnectionError or IncompleteReadError if the server goes.
        """
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        await self._reader.readexactly(_content_length(head))
        return int(head[9:12])

    def close(self) -> None:
        self._writer.close()


def _content_length(head: bytes) -> int:
    start = head.index(b"content-length: ") + 16
    return int(head[start : head.index(b"\r", start)])


async def saturate(port: int, paths: Sequence[str], *, connections: int, seconds: float) -> Load:
    """Keep `connections` requests in flight for `seconds`."""
    load = Load()
    cycle = itertools.cycle(paths)
    start = perf_counter()
    deadline = start + seconds

    async def work(connection: Connection) -> None:
        while (sent := perf_counter()) < deadline:
            load.failures += await connection.get(next(cycle)) // 100 != 2
            load.latencies.append(perf_counter() - sent)
        connection.close()

    await asyncio.gather(*[work(await Connection.open(port)) for _ in range(connections)])
    load.seconds = perf_counter() - start
    return load


async def pace(port: int, paths: Sequence[str], *, rate: float, seconds: float, delay: float = 0.0) -> Load:
    """Send `rate` requests per second for `seconds`, the first after `delay` seconds.

    Latency counts from when a request was due, not from when it left.
    """
    load = Load()
    idle: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(PACED_CONNECTIONS):
        idle.put_nowait(await Connection.open(port))
    start = perf_counter() + delay

    async def request(path: str, due: float) -> None:
        await asyncio.sleep(due - perf_counter())
        connection = await idle.get()
        load.failures += await connection.get(path) // 100 != 2
        load.latencies.append(perf_counter() - due)
        idle.put_nowait(connection)

    planned = zip(range(round(rate * seconds)), itertools.cycle(paths), strict=False)
    await asyncio.gather(*[request(path, start + number / rate) for number, path in planned])
    load.seconds = perf_counter() - start
    while not idle.empty():
        idle.get_nowait().close()
    return load
