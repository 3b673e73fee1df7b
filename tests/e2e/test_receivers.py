"""Receivers of `whence.yaml` are told by a real Alertmanager; no generated file holds their secrets."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from components.build import ensure
from config import load
from services.incidents.alertmanager_publisher import AlertmanagerPublisher
from stack import ROOT, rundir
from stack.ports import find_free_ports
from stack.settings import Settings
from tests.e2e.live import eventually
from tests.unit.services.incidents.opinions import storage_latency
from tests.unit.services.incidents.test_alertmanager_publisher import incident

CONFIG = """\
receivers:
  - {name: tickets, type: webhook, url: "${TICKETS_URL}", token: "${TICKETS_TOKEN}", severities: [critical]}
  - {name: team, type: slack, url: "${SLACK_URL}", channel: "#team"}
  - {name: muted, type: webhook, url: "${TICKETS_URL}", mute_times: [always]}
mute_times:
  - {name: always}
"""


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
def alertmanager(
    inbox: tuple[str, list[Message]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The address of an Alertmanager run as the stack runs it, but for the wait before a first message."""
    address, _ = inbox
    (tmp_path / "whence.yaml").write_text(CONFIG)
    secrets = {
        "TICKETS_URL": f"{address}/tickets",
        "TICKETS_TOKEN": "s3cr3t",
        "SLACK_URL": f"{address}/slack",
    }
    for name, value in {**secrets, "WHENCE_CONFIG": str(tmp_path / "whence.yaml")}.items():
        monkeypatch.setenv(name, value)
    config = load()
    subprocess.run(
        [sys.executable, "-m", "generation", "--into", str(tmp_path)], cwd=ROOT, env=os.environ, check=True
    )
    monkeypatch.setattr(rundir, "RUN", tmp_path / "run")
    rundir.write_run_directory(Settings(), {"WEBHOOK_TOKEN": "token"}, config, {})
    folder = tmp_path / "run" / "alertmanager"
    generated = (tmp_path / "alerts/generated/alertmanager/alertmanager.yml").read_text()
    assert not [value for value in secrets.values() if value in generated]
    (folder / "alertmanager.yml").unlink()
    (folder / "alertmanager.yml").write_text(generated.replace("group_wait: 30s", "group_wait: 0s"))
    port = find_free_ports(["alertmanager_port"])["ALERTMANAGER_PORT"]
    program = ensure(["alertmanager"])["alertmanager"]
    options = [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=error"]
    options += ["--config.file=alertmanager.yml", f"--storage.path={tmp_path / 'data'}"]
    process = subprocess.Popen([program, *options], cwd=folder)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


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
    alertmanager: str, inbox: tuple[str, list[Message]]
) -> None:
    _, messages = inbox
    fire(alertmanager, "Grave", "critical")
    eventually("the alert is told", lambda: len(messages) >= 2)

    async def tell() -> None:
        publisher = AlertmanagerPublisher(alertmanager, "http://inbox.example")
        await publisher.notify(incident(), storage_latency(), None)
        await publisher.close()

    asyncio.run(tell())
    eventually("the verdict is told", lambda: len(messages) >= 4)
    for path in ("/tickets", "/slack"):
        _, verdict = (message.body for message in messages if message.path == path)
        assert "Incident Explained" in verdict
        assert "because storage exceeded its deadline" in verdict
        assert "http://inbox.example/incidents/12" in verdict
