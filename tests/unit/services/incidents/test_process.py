"""The process as it is run: started, killed, started again."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.unit.services.incidents.bodies import alert, alertmanager, later
from tests.unit.services.incidents.running import TOKEN

COMMAND = [sys.executable, "-m", "services.incidents"]
ENOUGH = 40

Replica = tuple[subprocess.Popen[str], httpx.Client]


def environment(location: str, **more: str) -> dict[str, str]:
    return os.environ | {
        "OTEL_SDK_DISABLED": "true",
        "WEBHOOK_TOKEN": TOKEN,
        "INCIDENTS_PORT": "0",
        "INCIDENTS_DATABASE": location,
        "PROMETHEUS_URL": "http://127.0.0.1:9",
        **more,
    }


@contextmanager
def running(location: str, command: Sequence[str] = COMMAND) -> Iterator[Replica]:
    """The process, once it listens, and a client for it; killed at the end."""
    process = subprocess.Popen(command, env=environment(location), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        events = (json.loads(line)["event"] for line in process.stdout)
        listening = next(event for event in events if "running on" in event)
        address = next(word for word in listening.split() if word.startswith("http://"))
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with httpx.Client(base_url=address, headers=headers, trust_env=False, timeout=10) as client:
            yield process, client
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()


def post_until_it_dies(client: httpx.Client, acknowledged: list[int], enough: threading.Event) -> None:
    number = 0
    while True:
        number += 1
        sent = alertmanager(alert(f"Alert {number}", str(number), later(30 * number)))
        try:
            acknowledged += client.post("/webhooks/alerts", json=sent).raise_for_status().json()["incidents"]
        except httpx.TransportError:
            return
        if len(acknowledged) >= ENOUGH:
            enough.set()


def test_what_was_acknowledged_survives_kill_9(location: str) -> None:
    acknowledged: list[int] = []
    enough = threading.Event()
    with running(location) as (process, client):
        writer = threading.Thread(target=post_until_it_dies, args=(client, acknowledged, enough))
        writer.start()
        assert enough.wait(30)
        process.kill()
        writer.join(10)
        assert not writer.is_alive()
    with running(location) as (_, client):
        kept = [client.get(f"/api/incidents/{incident_id}").status_code for incident_id in acknowledged]
    assert kept == [200] * len(acknowledged)


def test_an_open_page_does_not_keep_it_from_stopping(location: str) -> None:
    with running(location) as (process, client), client.stream("GET", "/api/stream") as stream:
        assert stream.status_code == 200
        process.send_signal(signal.SIGTERM)
        assert list(stream.iter_lines()) == []
        assert process.stdout is not None
        assert "graceful shutdown exceeded" not in process.stdout.read()
        assert process.wait(30) == 0


def refusal(location: str, **more: str) -> str:
    """What the process says when it does not start."""
    ended = subprocess.run(
        COMMAND, env=environment(location, **more), capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    return line


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEBHOOK_TOKEN", ""),
        ("WEBHOOK_TOKEN", "short"),
        ("INCIDENTS_PORT", "99999"),
        ("JAEGER_URL", "localhost"),
    ],
)
def test_a_bad_setting_is_named_in_one_line(tmp_path: Path, name: str, value: str) -> None:
    assert name in refusal(str(tmp_path / "incidents.db"), **{name: value})


def test_open_to_others_without_a_login_it_does_not_start(tmp_path: Path) -> None:
    line = refusal(str(tmp_path / "incidents.db"), BIND_HOST="0.0.0.0")
    assert "set INCIDENTS_LOGIN=oidc or INCIDENTS_LOGIN=proxy (docs/access.md)" in line


def test_a_newer_database_stops_the_start_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "incidents.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    line = refusal(str(path))
    assert line.startswith(f"incidents: cannot open {path}: it has schema 99")
