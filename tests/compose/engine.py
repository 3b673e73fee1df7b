"""A container engine to test with: the machine's own, or one installed and started for the tests alone."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from components import cache
from components.build import ensure
from tests.e2e.live import eventually

PACKAGES = ("docker.io", "iptables", "debootstrap")
START_DEADLINE = 60.0
STOP_DEADLINE = 60.0


class NoEngine(Exception):
    """No engine answers here and none can be had; the message says why."""


@dataclass(frozen=True)
class Engine:
    """An engine that answers. `environment` is what docker's and compose's commands need to reach it.

    In an engine that is `own`, nobody else's images or containers can be hurt.
    """

    environment: dict[str, str]
    own: bool

    def docker(
        self, *arguments: str, check: bool = True, timeout: float = 600
    ) -> subprocess.CompletedProcess[str]:
        """One docker command; an AssertionError with its output when it fails."""
        done = subprocess.run(
            ["docker", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert not check or done.returncode == 0, (
            f"docker {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}"
        )
        return done


@contextmanager
def run_engine() -> Iterator[Engine]:
    """The machine's engine if one answers, else one of our own, stopped at the end. Raises NoEngine."""
    with _plugin_folder() as configuration:
        environment = {**os.environ, **configuration}
        if _answers(environment):
            yield Engine(environment, own=False)
            return
        _install()
        with tempfile.TemporaryDirectory(prefix="whence-") as folder, _daemon(Path(folder)) as socket:
            yield Engine({**environment, "DOCKER_HOST": f"unix://{socket}"}, own=True)


@contextmanager
def _plugin_folder() -> Iterator[dict[str, str]]:
    """Variables under which `docker compose` exists: none where it is installed, else our own build's."""
    if (
        shutil.which("docker")
        and subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0
    ):
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="whence-") as folder:
        plugins = Path(folder) / "cli-plugins"
        plugins.mkdir()
        (plugins / "docker-compose").symlink_to(ensure(["docker-compose"])["docker-compose"])
        yield {"DOCKER_CONFIG": folder}


def _install() -> None:
    if shutil.which("dockerd") and shutil.which("debootstrap"):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise NoEngine("no container engine answers, and installing one needs root and apt-get")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-qq"], ["install", "-qq", "--yes", "--no-install-recommends", *PACKAGES]):
        done = subprocess.run(
            ["apt-get", *command], env=environment, capture_output=True, text=True, timeout=600
        )
        if done.returncode != 0:
            raise NoEngine(
                f"no container engine answers, and apt-get cannot install one: {done.stderr.strip()}"
            )


@contextmanager
def _daemon(folder: Path) -> Iterator[Path]:
    """A dockerd of our own; its images and layers stay in the cache for the next run."""
    socket, log = folder / "docker.sock", folder / "log"
    command = ["dockerd", "--host", f"unix://{socket}", "--pidfile", str(folder / "pid")]
    command += ["--data-root", str(cache.root() / "engine"), "--exec-root", str(folder / "run")]
    with log.open("w") as sink:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, start_new_session=True
        )
    try:
        eventually("dockerd answers or ends", lambda: _started(process, socket), START_DEADLINE)
        if process.poll() is not None:
            raise NoEngine(f"dockerd does not start: {log.read_text()[-400:].strip()}")
        yield socket
    finally:
        process.terminate()
        process.wait(STOP_DEADLINE)


def _started(process: subprocess.Popen[bytes], socket: Path) -> bool:
    return process.poll() is not None or _answers({**os.environ, "DOCKER_HOST": f"unix://{socket}"})


def _answers(environment: dict[str, str]) -> bool:
    if not shutil.which("docker"):
        return False
    done = subprocess.run(
        ["docker", "version"], env=environment, capture_output=True, timeout=30, check=False
    )
    return done.returncode == 0
