import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from bench.incidents.gateway import Gateway


@pytest.fixture
def recommender() -> Iterator[tuple[str, list[str]]]:
    """A server that notes what it is asked, and its address."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._note(200)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self._note(202)

        def _note(self, status: int) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_clicks_are_lost_only_when_asked_and_nobody_notices(recommender: tuple[str, list[str]]) -> None:
    address, asked = recommender

    async def visit() -> list[int]:
        gateway = Gateway(address, seed=1)
        transport = httpx.ASGITransport(gateway.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://users") as users:
            await users.get("/recommendations/7?k=10")
            await users.post("/feedback", json={})
            await users.put("/loss/0.9")
            answers = [await users.post("/feedback", json={}) for _ in range(100)]
            answers.append(await users.get("/recommendations/8?k=10"))
        await gateway.close()
        return [answer.status_code for answer in answers]

    statuses = asyncio.run(visit())
    assert statuses == [202] * 100 + [200]
    assert asked[0] == "/recommendations/7?k=10" and asked[-1] == "/recommendations/8?k=10"
    assert 4 <= asked.count("/feedback") <= 20


def test_a_recommender_that_is_away_is_a_bad_gateway() -> None:
    async def visit() -> int:
        gateway = Gateway("http://127.0.0.1:1", seed=1)
        transport = httpx.ASGITransport(gateway.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://users") as users:
            status = (await users.get("/readyz")).status_code
        await gateway.close()
        return status

    assert asyncio.run(visit()) == 502
