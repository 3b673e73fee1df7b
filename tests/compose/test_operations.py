"""Upgrade, backup and restore, by the commands in docs/containers.md."""

import subprocess
from pathlib import Path
from typing import Any

from stack import ROOT
from tests.compose.live import ContainerStack
from tests.e2e.live import eventually

ALERT = {
    "status": "firing",
    "labels": {"alertname": "Kept Through Backups", "severity": "warning", "component": "storage"},
    "annotations": {"summary": "an alert to find again"},
    "startsAt": "2026-01-01T00:00:00Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "fingerprint": "0123456789abcdef",
}


def test_an_upgrade_keeps_incidents_and_models(stack: ContainerStack) -> None:
    _alert(stack)
    before = _kept(stack)
    stack.environment["SERVICES_IMAGE"] = "whence/services:upgraded"
    try:
        stack.run("stack", "up", timeout=600)
        assert stack.inspect("recommender")["Config"]["Image"] == "whence/services:upgraded"
        assert _kept(stack) == before
    finally:
        del stack.environment["SERVICES_IMAGE"]
        stack.run("stack", "up", timeout=600)


def test_a_backup_can_be_restored(stack: ContainerStack, documented: dict[str, str], tmp_path: Path) -> None:
    _alert(stack)
    before = _kept(stack)
    stack.environment["BACKUP"] = str(tmp_path)
    _run(stack, documented["Back up"])
    assert (tmp_path / "whence-backup.tar.gz").stat().st_size > 10_000
    stack.compose("--profile", "*", "down", "--volumes")
    _run(stack, documented["Restore"])
    assert _kept(stack) == before


def _alert(stack: ContainerStack) -> None:
    """An alert in the inbox, sent as Alertmanager would."""
    token = stack.compose(
        "exec", "-T", "incidents", "sh", "-c", ". /secrets/incidents.env; echo $WEBHOOK_TOKEN"
    ).strip()
    body: dict[str, Any] = {
        "version": "4",
        "groupKey": "kept",
        "status": "firing",
        "receiver": "incidents",
        "alerts": [ALERT],
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://localhost",
    }
    answer = stack.http.post(
        f"{stack.url('incidents')}/webhooks/alerts", json=body, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.is_success, answer.text


def _kept(stack: ContainerStack) -> dict[str, Any]:
    """The incident of our alert and the live model's version."""
    url = f"{stack.url('recommender')}/recommendations/1"
    answer = eventually("an answer", lambda: (found := stack.http.get(url)).is_success and found.json(), 60)
    alert = stack.alert("Kept Through Backups")
    assert alert
    return {"alert": alert["starts_at"], "model": answer["model_version"]}


def _run(stack: ContainerStack, commands: str) -> None:
    done = subprocess.run(
        ["bash", "-euc", commands],
        cwd=ROOT,
        env=stack.environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert commands and done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
