"""Upgrade, backup and restore, by the commands in docs/containers.md."""

from pathlib import Path
from typing import Any

from tests.compose.live import ContainerStack
from tests.e2e.live import eventually

OURS = "Kept Through Backups"


def test_an_upgrade_keeps_incidents_and_models(stack: ContainerStack) -> None:
    stack.send_alert(OURS)
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
    stack.send_alert(OURS)
    before = _kept(stack)
    stack.environment["BACKUP"] = str(tmp_path)
    stack.follow(documented["Back up"])
    assert (tmp_path / "whence-backup.tar.gz").stat().st_size > 10_000
    stack.compose("--profile", "*", "down", "--volumes")
    stack.follow(documented["Restore"])
    assert _kept(stack) == before


def _kept(stack: ContainerStack) -> dict[str, Any]:
    """The incident of our alert and the live model's version."""
    url = f"{stack.url('recommender')}/recommendations/1"
    answer = eventually("an answer", lambda: (found := stack.http.get(url)).is_success and found.json(), 60)
    alert = stack.alert(OURS)
    assert alert
    return {"alert": alert["starts_at"], "model": answer["model_version"]}
