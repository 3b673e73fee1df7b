import json
from pathlib import Path

import pytest

from config import Config
from stack.running import rundir
from stack.settings import Settings


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(rundir, "RUN", tmp_path / "run")
    return tmp_path / "run"


def test_targets_and_proxy_follow_the_ports(run: Path) -> None:
    settings = Settings(minio_port=19000, storage_proxy_port=19100, collector_metrics_port=18888)
    rundir.write_run_directory(settings, {"WEBHOOK_TOKEN": "token"}, Config(), {})
    secret = run / "prometheus" / "secrets" / "prometheus"
    assert secret.read_text() == "token" and secret.stat().st_mode & 0o777 == 0o600
    (inbox,) = json.loads((run / "prometheus" / "targets" / "incidents" / "stack.json").read_text())
    assert inbox["labels"] == {"component": "incidents"}
    targets = json.loads((run / "prometheus" / "targets" / "stack.json").read_text())
    by_component = {target["labels"]["component"]: target["targets"] for target in targets}
    assert by_component["collector"] == ["127.0.0.1:18888"]
    assert "toxiproxy" in by_component
    instances = [
        target["labels"]["instance"] for target in targets if target["targets"] == ["127.0.0.1:19000"]
    ]
    assert len(set(instances)) == len(instances) == 2
    (proxy,) = json.loads((run / "toxiproxy" / "proxies.json").read_text())
    assert (proxy["listen"], proxy["upstream"]) == ("127.0.0.1:19100", "127.0.0.1:19000")


def test_the_users_own_storage_is_behind_the_proxy_and_no_minio_is_scraped(run: Path) -> None:
    rundir.write_run_directory(
        Settings(storage_endpoint="http://s3.local:7070"), {"WEBHOOK_TOKEN": "token"}, Config(), {}
    )
    (proxy,) = json.loads((run / "toxiproxy" / "proxies.json").read_text())
    assert proxy["upstream"] == "s3.local:7070"
    targets = json.loads((run / "prometheus" / "targets" / "stack.json").read_text())
    assert "minio" not in {target["labels"]["component"] for target in targets}


@pytest.mark.parametrize(("alerting", "notified"), [("prometheus", 1), ("grafana", 0)])
def test_prometheus_notifies_only_when_it_is_the_one(run: Path, alerting: str, notified: int) -> None:
    settings = Settings.model_validate({"alerting": alerting})
    rundir.write_run_directory(settings, {"WEBHOOK_TOKEN": "token"}, Config(), {})
    (group,) = json.loads((run / "prometheus" / "alertmanagers" / "stack.json").read_text())
    assert len(group["targets"]) == notified


def test_linked_configuration_exists(run: Path) -> None:
    rundir.write_run_directory(Settings(), {"WEBHOOK_TOKEN": "token"}, Config(), {})
    dangling = [path for path in run.rglob("*") if path.is_symlink() and not path.exists()]
    assert not dangling
