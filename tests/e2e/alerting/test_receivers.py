"""Receivers of `whence.yaml` are told by a real Alertmanager; no generated file holds their secrets."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from components.build import ensure
from config import Config, load
from diagnosis import Verdict
from stack import ROOT
from stack.running import rundir
from stack.running.ports import find_free_ports
from stack.settings import Settings
from tests.e2e.live import eventually
from tests.unit.services.incidents.bodies import alert, later
from tests.unit.services.incidents.opinions import BAD_MODEL, storage_latency
from tests.unit.services.incidents.running import TOKEN, incidents_service
from tests.unit.services.incidents.web.test_exposition import explain, send

CONFIG = """\
receivers:
  - {name: tickets, type: webhook, url: "${TICKETS_URL}", token: "${TICKETS_TOKEN}", severities: [critical]}
  - {name: team, type: slack, url: "${SLACK_URL}", channel: "#team"}
  - {name: muted, type: webhook, url: "${TICKETS_URL}", mute_times: [always]}
mute_times:
  - {name: always}
"""

GENERATED = Path("alerts/generated/alertmanager/alertmanager.yml")
EXPLAINED = "Incident Explained"
SOON = 40
"""Seconds: a scrape, an evaluation, 10 s between two messages, and a busy machine."""


class Message(NamedTuple):
    """What came in."""

    path: str
    authorization: str | None
    body: str


@pytest.fixture
def inbox() -> Iterator[tuple[str, list[Message]]]:
    """The address of an endpoint and what it has been sent."""
    messages: list[Message] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            messages.append(Message(self.path, self.headers["Authorization"], body))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", messages
    server.shutdown()
    server.server_close()


@pytest.fixture
def configured(
    inbox: tuple[str, list[Message]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Config]:
    """The configuration with these receivers; what is generated from it is in `tmp_path`."""
    address, _ = inbox
    (tmp_path / "whence.yaml").write_text(CONFIG)
    secrets = {
        "TICKETS_URL": f"{address}/tickets",
        "TICKETS_TOKEN": "s3cr3t",
        "SLACK_URL": f"{address}/slack",
    }
    for name, value in {**secrets, "WHENCE_CONFIG": str(tmp_path / "whence.yaml")}.items():
        monkeypatch.setenv(name, value)
    subprocess.run(
        [sys.executable, "-m", "generation", "--into", str(tmp_path)], cwd=ROOT, env=os.environ, check=True
    )
    generated = (tmp_path / GENERATED).read_text()
    assert not [value for value in secrets.values() if value in generated]
    monkeypatch.setattr(rundir, "RUN", tmp_path / "run")
    yield load()


def lay_out(config: Config, settings: Settings, folder: Path, wait: str) -> None:
    """Write the run directory; receivers are told of alerts after `wait`."""
    rundir.write_run_directory(settings, {"WEBHOOK_TOKEN": TOKEN}, config, {})
    routing = folder / "run" / "alertmanager" / "alertmanager.yml"
    routing.unlink()
    routing.write_text((folder / GENERATED).read_text().replace("group_wait: 30s", f"group_wait: {wait}"))


@contextmanager
def running(program: str, folder: Path, *options: str) -> Iterator[None]:
    """A program of the stack, until the context ends."""
    process = subprocess.Popen([ensure([program])[program], "--log.level=error", *options], cwd=folder)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def run_alertmanager(folder: Path, port: int) -> Iterator[str]:
    """The address of an Alertmanager run as the stack runs it."""
    options = ("--config.file=alertmanager.yml", f"--storage.path={folder / 'alertmanager'}")
    listen = (f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=")
    with running("alertmanager", folder / "run" / "alertmanager", *options, *listen):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def run_prometheus(folder: Path, port: int) -> Iterator[None]:
    """A Prometheus that evaluates the rules and notifies, run as the stack runs it."""
    options = ("--config.file=prometheus.yml", f"--storage.tsdb.path={folder / 'prometheus'}")
    with running(
        "prometheus", folder / "run" / "prometheus", *options, f"--web.listen-address=127.0.0.1:{port}"
    ):
        yield


@pytest.fixture
def alertmanager(configured: Config, tmp_path: Path) -> Iterator[str]:
    """The address of an Alertmanager that does not wait before a first message."""
    free = find_free_ports(["alertmanager_port"])
    settings = Settings.model_validate({name.lower(): port for name, port in free.items()})
    lay_out(configured, settings, tmp_path, wait="0s")
    with run_alertmanager(tmp_path, settings.alertmanager_port) as address:
        yield address


def fire(alertmanager: str, name: str, severity: str) -> None:
    labels = {"alertname": name, "severity": severity, "component": "storage"}
    words = {"summary": f"{name} is slow", "description": "Why", "runbook_url": "http://127.0.0.1/runbooks/x"}
    alert = {"labels": labels, "annotations": words}
    transport = httpx.HTTPTransport(retries=10)
    with httpx.Client(transport=transport) as client:
        client.post(f"{alertmanager}/api/v2/alerts", json=[alert]).raise_for_status()


def test_each_is_told_what_it_asked_for(alertmanager: str, inbox: tuple[str, list[Message]]) -> None:
    _, messages = inbox
    fire(alertmanager, "Mild", "warning")
    fire(alertmanager, "Grave", "critical")
    eventually("three messages", lambda: len(messages) >= 3)
    (ticket,) = (message for message in messages if message.path == "/tickets")
    assert ticket.authorization == "Bearer s3cr3t"
    assert [alert["labels"]["alertname"] for alert in json.loads(ticket.body)["alerts"]] == ["Grave"]
    said = " ".join(message.body for message in messages if message.path == "/slack")
    assert "#team" in said
    assert "Mild is slow" in said and "Grave is slow" in said
    assert "http://127.0.0.1/runbooks/x" in said


def test_a_verdict_follows_its_incident_to_the_receivers(
    configured: Config, inbox: tuple[str, list[Message]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the inbox by Prometheus' rule and Alertmanager; told at once, told anew, and told to be over."""
    _, messages = inbox

    def tickets(status: str, cause: str) -> bool:
        told = [each for message in messages if message.path == "/tickets" for each in read(message)]
        return (EXPLAINED, status, cause) in told

    def await_ticket(status: str, verdict: Verdict) -> float:
        """Seconds until it has come."""
        begun = time.monotonic()
        eventually(f"{verdict.cause} is {status}", lambda: tickets(status, verdict.cause), SOON)
        return time.monotonic() - begun

    with incidents_service(tmp_path) as client:
        free = find_free_ports(["alertmanager_port", "prometheus_port"])
        ports = {name.lower(): port for name, port in free.items()}
        chosen = {**ports, "incidents_port": client.base_url.port, "alerting": "prometheus"}
        settings = Settings.model_validate(chosen)
        lay_out(configured, settings, tmp_path, wait="30s")
        with (
            run_alertmanager(tmp_path, settings.alertmanager_port),
            run_prometheus(tmp_path, settings.prometheus_port),
        ):
            [incident] = send(client, alert())
            explain(tmp_path, incident, storage_latency())
            first = await_ticket("firing", storage_latency())
            explain(tmp_path, incident, BAD_MODEL)
            second = await_ticket("firing", BAD_MODEL)
            await_ticket("resolved", storage_latency())
            send(client, alert(ends_at=later(4)))
            await_ticket("resolved", BAD_MODEL)
            kept = client.get("/api/incidents").json()["incidents"]
    with capsys.disabled():
        print(f"\na verdict is told after {first:.0f} s, the next one after {second:.0f} s")
    assert EXPLAINED not in {each["name"] for found in kept for each in found["alerts"]}
    (said, *_) = (each.body for each in messages if each.path == "/slack" and EXPLAINED in each.body)
    assert "because storage exceeded its deadline" in said and "Leave the model alone" in said
    assert f"/incidents/{incident}" in said


def read(message: Message) -> list[tuple[str, str, str]]:
    """Title, status and cause of the alerts in a webhook."""
    found = json.loads(message.body)["alerts"]
    return [(each["labels"]["alertname"], each["status"], each["labels"].get("cause", "")) for each in found]
