"""Requests generated from the recommender's own OpenAPI document: every answer is one that it announces."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
import uvicorn
from hypothesis import settings
from schemathesis import Case

from tests.unit.services.demo.recommender.support import FakeStore, make_app, make_telemetry, published, until

schema = schemathesis.openapi.from_dict(make_app(FakeStore(), make_telemetry(off=True)[0]).openapi())


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of a ready recommender."""
    app = make_app(published(), make_telemetry(off=True)[0])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        asyncio.run(until(lambda: server.started, "the server listens"))
        port = server.servers[0].sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        asyncio.run(until(lambda: httpx.get(f"{url}/readyz").is_success, "the recommender is ready"))
        yield url
    finally:
        server.should_exit = True
        thread.join()


@schema.parametrize()
@settings(max_examples=15, deadline=None, derandomize=True)
def test_every_answer_is_announced(case: Case[Any], address: str) -> None:
    case.call_and_validate(base_url=address)
