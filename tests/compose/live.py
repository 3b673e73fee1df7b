"""The live stack in containers, driven through the same commands as the processes."""

import hashlib
import json
import subprocess
from dataclasses import dataclass
from typing import Any

from stack import ROOT
from stack.running.compose import DISTRIBUTED
from tests.compose.engine import Engine
from tests.e2e.live import Stack

WITHOUT_GRAFANA = "docker-compose.yml:tests/compose/without-grafana.yaml"


@dataclass
class ContainerStack(Stack):
    """A stack in an engine, as a compose project of its own. Without Grafana, Alertmanager notifies.

    The one that is `distributed` is that of deploy/scale/compose.yml.
    """

    engine: Engine | None = None
    project: str = "whence-test"
    grafana: bool = True
    distributed: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        assert self.engine
        self.environment |= self.engine.environment
        self.environment |= {"MODE": "containers", "COMPOSE_PROJECT_NAME": self.project}
        if self.grafana:
            del self.environment["ALERTING"]
        else:
            self.environment |= {"COMPOSE_FILE": WITHOUT_GRAFANA, "COMPOSE_PROFILES": "alertmanager"}
        if self.distributed:
            first, *others = self.environment.get("COMPOSE_FILE", "docker-compose.yml").split(":")
            self.environment |= {"SCALE": "1", "COMPOSE_FILE": ":".join([first, DISTRIBUTED, *others])}

    def compose(self, *arguments: str, check: bool = True, timeout: float = 300) -> str:
        """One `docker compose` command of this project; what it prints."""
        assert self.engine
        engine = Engine(self.environment, self.engine.own)
        return engine.docker("compose", *arguments, check=check, timeout=timeout).stdout

    def control(self, action: str, process: str) -> None:
        """Starts, stops or restarts one container."""
        self.compose(action, process)

    def inspect(self, service: str) -> dict[str, Any]:
        """What the engine knows of a service's container."""
        assert self.engine
        identity = self.compose("ps", "--all", "--quiet", service).strip()
        found: list[dict[str, Any]] = json.loads(self.engine.docker("inspect", identity).stdout)
        return found[0]

    def services(self, *, running: bool = True) -> list[str]:
        """The services with a container, by name."""
        return sorted(self.compose("ps", *(() if running else ("--all",)), "--services").split())

    def pid(self, process: str) -> int:
        """The container's first process as this machine sees it; 0 while there is none."""
        return int(self.inspect(process)["State"]["Pid"])

    def follow(self, commands: str) -> None:
        """Runs shell commands as they stand in a document."""
        done = subprocess.run(
            ["bash", "-euc", commands],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert commands and done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"

    def send_alert(self, name: str) -> None:
        """An alert into the inbox, as Alertmanager would send it; the same one each time."""
        show = ". /secrets/incidents.env; echo $WEBHOOK_TOKEN"
        token = self.compose("exec", "-T", "incidents", "sh", "-c", show).strip()
        alert = {
            "status": "firing",
            "labels": {"alertname": name, "severity": "warning", "component": "storage"},
            "annotations": {"summary": "an alert to find again"},
            "startsAt": "2026-01-01T00:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": hashlib.sha256(name.encode()).hexdigest()[:16],
        }
        body: dict[str, Any] = {
            "version": "4",
            "groupKey": "kept",
            "status": "firing",
            "receiver": "incidents",
            "alerts": [alert],
            "groupLabels": {},
            "commonLabels": {},
            "commonAnnotations": {},
            "externalURL": "http://localhost",
        }
        answer = self.http.post(
            f"{self.url('incidents')}/webhooks/alerts",
            json=body,
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.is_success, answer.text
