"""A stock service in several processes, forked or started one by one: each counts for itself."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from http import HTTPStatus
from pathlib import Path
from urllib.request import urlopen

import pytest

from prometheus.services.requests import SERVER_SPAN
from stack.running.ports import find_free_ports
from tests.e2e.live import Stack, eventually, eventually_equal

APP = """
from fastapi import FastAPI

app = FastAPI()


@app.get("/hello")
def hello() -> str:
    return "hello"
"""
GUNICORN = ["gunicorn", "--preload", "--workers", "4", "--worker-class", "asgi", "--bind", "127.0.0.1:{port}"]
UVICORN = ["uvicorn", "--port", "{port}"]
REQUESTS = 400


def environment(stack: Stack, name: str) -> dict[str, str]:
    """What docs/adapt.md sets, and metrics more often than once a minute."""
    stock = {key: value for key, value in stack.environment.items() if not key.startswith("OTEL_")}
    return stock | {
        "OTEL_SERVICE_NAME": name,
        "OTEL_EXPORTER_OTLP_ENDPOINT": stack.url("otlp_grpc"),
        "OTEL_METRIC_EXPORT_INTERVAL": "5000",
    }


@contextmanager
def serving(command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> Iterator[str]:
    """The app under `opentelemetry-instrument`, its address; ended as its operator would."""
    port = find_free_ports(["app_port"])["APP_PORT"]
    instrument = Path(sys.executable).with_name("opentelemetry-instrument")
    arguments = [part.format(port=port) for part in command]
    process = subprocess.Popen(
        [instrument, sys.executable, "-m", *arguments, "app:app"],
        cwd=folder,
        env=variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield f"http://127.0.0.1:{port}/hello"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def answers(url: str) -> bool:
    """One request on a connection of its own, so that it may reach any worker."""
    try:
        with urlopen(url, timeout=10) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False


@pytest.mark.parametrize(
    ("name", "commands", "processes"), [("forked", [GUNICORN], 4), ("replicated", [UVICORN, UVICORN], 2)]
)
def test_every_process_counts_for_itself_and_all_requests_are_counted(
    stack: Stack, tmp_path: Path, name: str, commands: list[list[str]], processes: int
) -> None:
    (tmp_path / "app.py").write_text(APP)
    of = f'service_name="{name}"'
    spans = f"traces_requests_duration_seconds{{{of}, {SERVER_SPAN}}}"
    metrics = f"http_server_request_duration_seconds{{{of}}}"
    with ExitStack() as started:
        urls = [
            started.enter_context(serving(command, tmp_path, environment(stack, name)))
            for command in commands
        ]
        for url in urls:
            eventually("it answers", partial(answers, url), 60)
            assert all(answers(url) for _ in range(REQUESTS // len(urls)))
        sent = REQUESTS + len(urls)
        for series in (spans, metrics):
            counted = f"sum(histogram_count({series}))"
            eventually_equal(f"{counted} of all", sent, partial(stack.value, counted), 60)
            instances = f"count(count by (instance) ({series}))"
            assert stack.value(instances) == processes
    assert not stack.query(f'ingest_collisions_total{{sender="{name}"}} > 0')
