"""The live stack in containers, driven through the same commands as the processes."""

import json
from dataclasses import dataclass
from typing import Any

from tests.compose.engine import Engine
from tests.e2e.live import Stack

WITHOUT_GRAFANA = "docker-compose.yml:tests/compose/without-grafana.yaml"


@dataclass
class ContainerStack(Stack):
    """A stack in an engine, as a compose project of its own. Without Grafana, Alertmanager notifies."""

    engine: Engine | None = None
    project: str = "whence-test"
    grafana: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        assert self.engine
        self.environment |= self.engine.environment
        self.environment |= {"MODE": "containers", "COMPOSE_PROJECT_NAME": self.project}
        if self.grafana:
            del self.environment["ALERTING"]
        else:
            self.environment |= {"COMPOSE_FILE": WITHOUT_GRAFANA, "COMPOSE_PROFILES": "alertmanager"}

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
