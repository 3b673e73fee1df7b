"""A real Alertmanager with the generated configuration: who is told what, what is muted, what repeats."""

import http.server
import json
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from alerts.build import generate
from components.build import ComponentMissing, binary
from config import Config
from stack.running.ports import find_free_ports
from tests.e2e.live import eventually

TOKEN = "a-token-for-tests"


class Inbox(http.server.ThreadingHTTPServer):
    """Takes webhooks and remembers the alerts in them by name, with how often each came."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: dict[tuple[str, str], int] = {}


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Inbox

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["Authorization"] == f"Bearer {TOKEN}":
            for alert in body["alerts"]:
                key = alert["labels"]["alertname"], alert["status"]
                self.server.got[key] = self.server.got.get(key, 0) + 1
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    server = Inbox()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def alertmanager(tmp_path: Path, inbox: Inbox) -> Iterator[str]:
    try:
        program = binary("alertmanager")
    except ComponentMissing as missing:
        pytest.skip(str(missing))
    (tmp_path / "alertmanager.yml").write_text(generate(Config())["alertmanager/alertmanager.yml"])
    (tmp_path / "webhook_url").write_text(f"http://127.0.0.1:{inbox.server_port}/")
    (tmp_path / "webhook_token").write_text(TOKEN)
    port = find_free_ports(["port"])["PORT"]
    command = [
        str(program),
        "--config.file=alertmanager.yml",
        "--storage.path=data",
        "--cluster.listen-address=",
    ]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        eventually("Alertmanager is ready", lambda: _ready(address), 20, every=0.1)
        yield address
    finally:
        process.terminate()
        process.wait(10)


def _ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/-/ready").status_code == 200
    except httpx.HTTPError:
        return False


def send(alertmanager: str, *names: str, over: bool = False, **labels: str) -> None:
    """Post alerts as Prometheus does."""
    now = datetime.now(UTC)
    ends = now if over else now + timedelta(minutes=5)
    body = [
        {
            "labels": {"alertname": name, "component": "c", "severity": "warning", **labels},
            "startsAt": (now - timedelta(seconds=1)).isoformat(),
            "endsAt": ends.isoformat(),
        }
        for name in names
    ]
    httpx.post(f"{alertmanager}/api/v2/alerts", json=body).raise_for_status()


def test_an_alert_arrives_at_once_and_its_end_too(alertmanager: str, inbox: Inbox) -> None:
    send(alertmanager, "Storage Errors")
    eventually("the alert", lambda: ("Storage Errors", "firing") in inbox.got, 3, every=0.1)
    send(alertmanager, "Storage Errors", over=True)
    eventually("its end", lambda: ("Storage Errors", "resolved") in inbox.got, 15, every=0.1)


def test_what_follows_is_muted_while_its_cause_fires(alertmanager: str, inbox: Inbox) -> None:
    send(alertmanager, "Collector Down")
    eventually("the cause", lambda: ("Collector Down", "firing") in inbox.got, 3, every=0.1)
    send(alertmanager, "Telemetry Silent", follows="collector-down")
    send(alertmanager, "Storage Errors", follows="degraded-answers")
    eventually("what follows from another", lambda: ("Storage Errors", "firing") in inbox.got, 3, every=0.1)

    def muted() -> dict[str, Any] | None:
        found: list[dict[str, Any]] = httpx.get(f"{alertmanager}/api/v2/alerts").json()
        return next((a for a in found if a["status"]["inhibitedBy"]), None)

    alert = eventually("the consequence is muted", muted, 5, every=0.1)
    assert alert["labels"]["alertname"] == "Telemetry Silent"
    assert ("Telemetry Silent", "firing") not in inbox.got
    send(alertmanager, "Collector Down", over=True)
    eventually("it is told when the cause is gone", lambda: ("Telemetry Silent", "firing") in inbox.got, 20)


def test_the_heartbeat_comes_once_and_not_with_every_evaluation(alertmanager: str, inbox: Inbox) -> None:
    for _ in range(3):
        send(alertmanager, "Heartbeat", heartbeat="true")
    eventually("the heartbeat", lambda: ("Heartbeat", "firing") in inbox.got, 3, every=0.1)
    assert inbox.got["Heartbeat", "firing"] == 1
