"""Real servers on free ports, for tests."""

import asyncio
import socket
import sqlite3
import threading
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import uvicorn
from pydantic import SecretStr
from starlette.types import ASGIApp

from diagnosis import Verdict
from services.incidents.app import create_app
from services.incidents.diagnosing.client import Explain
from services.incidents.settings import Settings

TOKEN = "a-token-for-tests"


@contextmanager
def serve(app: ASGIApp) -> Iterator[str]:
    """Serve an ASGI application; the context is its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=1, proxy_headers=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


def forget_everything(folder: Path) -> None:
    """Empty the database of a running service, so that the next test finds it as new."""
    with closing(sqlite3.connect(folder / "incidents.db", timeout=5)) as connection, connection:
        connection.execute("DELETE FROM alerts")
        connection.execute("DELETE FROM verdicts")
        connection.execute("DELETE FROM dead_letters")
        connection.execute("DELETE FROM incidents")
        connection.execute("DELETE FROM sqlite_sequence")


async def think_forever(
    start: float,
    end: float,
    alerted_at: float | None = None,
    services: Collection[str] = (),
    after: float | None = None,
) -> Verdict:
    """A diagnosis that never ends."""
    await asyncio.Event().wait()
    raise AssertionError


@contextmanager
def incidents_service(
    folder: Path, explain: Explain | None = think_forever, **settings: object
) -> Iterator[httpx.Client]:
    """The service on a database in `folder`; the context is a client that has the token.

    `explain` stands in for the diagnosis; None is the real one.
    """
    chosen = Settings.model_validate(
        {
            "webhook_token": SecretStr(TOKEN),
            "incidents_database": str(folder / "incidents.db"),
            "access_file": folder / "access.jsonl",
            "prometheus_url": "http://127.0.0.1:9",
            "jaeger_url": "http://127.0.0.1:9",
            **settings,
        }
    )
    with (
        serve(create_app(chosen, explain=explain)) as address,
        httpx.Client(
            base_url=address, headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False, timeout=10
        ) as client,
    ):
        yield client
