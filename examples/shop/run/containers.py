"""The shop in containers, on the network of Whence's own."""

import os
import shutil
import subprocess
from pathlib import Path

import psutil

from examples.shop.run.settings import FOLDER, ExampleError, Shop

START_SECONDS = 300


class Containers:
    """Starts, stops and restarts the shop's containers by docker compose."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def start(self) -> None:
        """Builds what is missing, and returns when all are healthy. Raises ExampleError."""
        for folder in ("defects", "versions"):
            (self.shop.state / folder).mkdir(parents=True, exist_ok=True)
        self._compose("build", "pricing")
        self._compose("up", "--detach", "--wait", "--wait-timeout", str(START_SECONDS))

    def stop(self) -> None:
        """Stops and removes the containers."""
        self._compose("down", "--remove-orphans")

    def restart(self, service: str) -> None:
        """Restarts one service in the version that is rolled out."""
        self._compose("restart", service)

    def kill(self, service: str) -> bool:
        """Ends a container without grace and starts it anew; whether it ran.

        By the engine's restart, because what `docker kill` ends, no restart policy starts.
        """
        return self._leave("running", service, "restart", "--timeout", "0")

    def pause(self, service: str) -> bool:
        """Stops all processes of a container where they are; whether it ran."""
        return self._leave("running", service, "pause")

    def resume(self, service: str) -> bool:
        """Lets them go on; whether they were paused."""
        return self._leave("paused", service, "unpause")

    def find_process(self, service: str) -> psutil.Process | None:
        """None: the engine itself kills a container at its limit of memory."""
        return None

    def is_running(self) -> bool:
        """Whether there are containers of the shop, whatever they do."""
        return bool(self._compose("ps", "--all", "--quiet").strip())

    def _leave(self, status: str, service: str, *command: str) -> bool:
        """Gives a command to a service's container if that is what it is."""
        if not self._compose("ps", "--quiet", "--status", status, service).strip():
            return False
        self._compose(*command, service)
        return True

    def _compose(self, *arguments: str) -> str:
        if not shutil.which("docker"):
            raise ExampleError("docker is not installed: see to that, or use MODE=processes")
        command = ["docker", "compose", "-f", str(FOLDER / "docker-compose.yml"), *arguments]
        done = subprocess.run(command, env=self._environment(), capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["nothing"])[-1]
            raise ExampleError(f"`docker compose {' '.join(arguments)}` failed: {said}")
        return done.stdout

    def _environment(self) -> dict[str, str]:
        user = f"{os.getuid()}:{os.getgid()}" if os.getuid() else "10000:10000"
        variables = self.shop.ports.as_variables() | self.shop.read_secrets()
        if not os.getuid():
            _give_away(self.shop.state)
        return {**os.environ, **variables, "SHOP_STATE": str(self.shop.state), "SHOP_USER": user}


def _give_away(folder: Path) -> None:
    """Root's own folder is written to by containers that are not root."""
    for path in (folder, *folder.rglob("*")):
        if path.exists():
            os.chown(path, 10000, 10000)
