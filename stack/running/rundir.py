"""`data/run`: what depends on this machine's ports and secrets. Made anew at every start."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from config import Config, read_secrets
from stack import ROOT, RUN
from stack.data import require_own
from stack.generated import in_use
from stack.settings import HOST, Settings

SCRAPED = {
    "collector": "collector_metrics_port",
    "jaeger": "jaeger_metrics_port",
    "prometheus": "prometheus_port",
    "alertmanager": "alertmanager_port",
    "toxiproxy": "toxiproxy_port",
}
MINIO_METRICS = ("/minio/v2/metrics/cluster", "/minio/metrics/v3/debug/go")
"""Two targets of one address: an instance label of their own keeps their `up` apart."""


def write_run_directory(
    settings: Settings, credentials: Mapping[str, str], config: Config, binaries: Mapping[str, Path]
) -> None:
    """Lays out configuration, targets and links to the binaries for the processes to start from."""
    require_own()
    shutil.rmtree(RUN, ignore_errors=True)
    for name, path in binaries.items():
        _link(RUN / "bin" / name, path)
    _link(RUN / "collector" / "config.yaml", ROOT / "collector" / "config.yaml")
    _link(RUN / "collector" / "chosen.yaml", in_use() / "collector" / "generated" / "chosen.yaml")
    _link(RUN / "jaeger" / "config.yaml", ROOT / "jaeger" / "config.yaml")
    _write_json(RUN / "toxiproxy" / "proxies.json", [_storage_proxy(settings)])
    _write_prometheus(settings, credentials)
    _write_alertmanager(settings, credentials, config)
    _link_grafana()


def _storage_proxy(settings: Settings) -> dict[str, object]:
    return {
        "name": "storage",
        "listen": f"{HOST}:{settings.storage_proxy_port}",
        "upstream": settings.storage_upstream,
        "enabled": True,
    }


def _write_prometheus(settings: Settings, credentials: Mapping[str, str]) -> None:
    folder = RUN / "prometheus"
    _link(folder / "prometheus.yml", ROOT / "prometheus" / "prometheus.yml")
    _link(folder / "rules", in_use() / "alerts" / "generated" / "prometheus")
    targets = [_target(component, getattr(settings, port)) for component, port in SCRAPED.items()]
    if not settings.external_storage:
        targets += [_minio(settings, path) for path in MINIO_METRICS]
    _write_json(folder / "targets" / "stack.json", targets)
    _write_json(
        folder / "targets" / "incidents" / "stack.json", [_target("incidents", settings.incidents_port)]
    )
    _write_secret(folder / "secrets" / "prometheus", credentials["WEBHOOK_TOKEN"])
    notified = [f"{HOST}:{settings.alertmanager_port}"] if settings.alerting == "prometheus" else []
    _write_json(folder / "alertmanagers" / "stack.json", [{"targets": notified}])


def _target(component: str, port: int) -> dict[str, object]:
    return {"targets": [f"{HOST}:{port}"], "labels": {"component": component}}


def _minio(settings: Settings, path: str) -> dict[str, object]:
    address = f"{HOST}:{settings.minio_port}"
    labels = {"component": "minio", "instance": f"{address}{path}", "__metrics_path__": path}
    return {"targets": [address], "labels": labels}


def _write_alertmanager(settings: Settings, credentials: Mapping[str, str], config: Config) -> None:
    folder = RUN / "alertmanager"
    generated = in_use() / "alerts" / "generated" / "alertmanager"
    _link(folder / "alertmanager.yml", generated / "alertmanager.yml")
    _write_secret(folder / "webhook_url", f"{settings.url('incidents')}/webhooks/alerts")
    _write_secret(folder / "webhook_token", credentials["WEBHOOK_TOKEN"])
    for name, value in read_secrets(config).items():
        _write_secret(folder / name, value)


def _link_grafana() -> None:
    provisioning = RUN / "grafana" / "provisioning"
    _link(provisioning / "datasources", ROOT / "grafana" / "provisioning" / "datasources")
    _link(provisioning / "dashboards", in_use() / "grafana" / "provisioning" / "dashboards")
    _link(provisioning / "alerting", in_use() / "alerts" / "generated" / "grafana")
    (provisioning / "plugins").mkdir()


def _link(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)


def _write_json(file: Path, content: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, indent=2) + "\n")


def _write_secret(file: Path, content: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
        out.write(content)
