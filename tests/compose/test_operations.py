"""Changes of whence.yaml, upgrade, backup and restore, by the commands in docs/containers.md."""

import os
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


def test_another_make_up_applies_an_edited_whence_yaml_to_the_parts_it_changes(
    stack: ContainerStack, tmp_path: Path
) -> None:
    stack.send_alert(OURS)
    before = _kept(stack)
    stack.environment["WHENCE_CONFIG"] = str(tmp_path / "whence.yaml")
    try:
        for threshold in (440, 450):  # the first mounts another folder, the second only changes what is in it
            made = _list_containers(stack)
            text = f"alerts: {{high-storage-latency: {{threshold: {threshold}}}}}\n"
            (tmp_path / "whence.yaml").write_text(text)
            stack.run("stack", "up", timeout=600)
            assert f"> {threshold}" in _read_rule(stack, "High Storage Latency")
        now = _list_containers(stack)
        unchanged = {name for name in made if now[name] == made[name]}
        assert "prometheus" not in unchanged
        assert unchanged >= {"collector", "jaeger", "minio", "recommender", "traffic"}
        assert _kept(stack) == before
    finally:
        stack.environment["WHENCE_CONFIG"] = os.devnull
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


def _list_containers(stack: ContainerStack) -> dict[str, str]:
    """The identity of each service's container."""
    return {service: stack.inspect(service)["Id"] for service in stack.services()}


def _read_rule(stack: ContainerStack, name: str) -> str:
    """The query of an alert as Prometheus evaluates it."""
    groups = stack.http.get(f"{stack.url('prometheus')}/api/v1/rules").json()["data"]["groups"]
    (query,) = (rule["query"] for group in groups for rule in group["rules"] if rule["name"] == name)
    return str(query)
