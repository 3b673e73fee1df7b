"""One component's compilation, as the commands it takes and the processes that run them."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from components import cache
from components.pins import Component

POLL_SECONDS = 0.2
TAIL_LINES = 15
CHATTER = "go: downloading "
MEMORY_FOR_TIME = {"GOGC": "400", "GOMEMLIMIT": "2GiB"}
"""Compilers collect their garbage a quarter as often as by default, until one of them holds this much."""


class BuildFailed(RuntimeError):
    """A build ended with an error; the message names the component and has the compiler's last lines."""


@dataclass(frozen=True)
class Step:
    """A command and the folder it runs in."""

    command: tuple[str, ...]
    folder: Path


def compile(component: Component, go: Path, work: Path, tick: Callable[[], None]) -> Path:
    """Build `component` in the empty folder `work` and return the folder in it that holds the binaries.

    Calls `tick` several times a second meanwhile. Raises BuildFailed. When it ends early for any other
    reason, the processes it started are killed first.
    """
    output, scratch, log = work / "bin", work / "scratch", work / "build.log"
    output.mkdir()
    scratch.mkdir()
    for step in steps(component, go, work / "source", output):
        status = _run(step, environment(scratch), log, tick)
        if status != 0:
            raise BuildFailed(_explain(component, status, log))
    return output


def steps(component: Component, go: Path, source: Path, output: Path) -> list[Step]:
    """The commands that build a component; a generated main package is written to `source`."""
    folder = component.folder
    generation = []
    if component.manifest:
        shutil.copytree(folder, source)
        folder = source
        generation = [_generate(go, component.manifest, source)]
    flags = ("-tags", ",".join(component.tags), "-ldflags", component.link_flags)
    return generation + [
        Step((str(go), "build", *flags, "-o", str(output / binary), package), folder)
        for binary, package in component.binaries
    ]


def environment(scratch: Path) -> dict[str, str]:
    """The user's environment, with all that would make the build depend on the machine overruled."""
    system, architecture = cache.target()
    return {
        **{name: value for name, value in os.environ.items() if name != "GOROOT"},
        **MEMORY_FOR_TIME,
        "CGO_ENABLED": "0",
        "GOARCH": architecture,
        "GOFLAGS": cache.BUILD_FLAGS,
        "GOOS": system,
        "GOTMPDIR": str(scratch),
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }


def _generate(go: Path, manifest: Path, source: Path) -> Step:
    skips = ("--skip-get-modules", "--skip-compilation")
    return Step((str(go), "tool", "builder", "--config", str(manifest), *skips, "--output-path", "."), source)


def _run(step: Step, environment: dict[str, str], log: Path, tick: Callable[[], None]) -> int:
    with log.open("ab") as sink:
        process = _start(step, environment, sink)
        try:
            while process.poll() is None:
                tick()
                time.sleep(POLL_SECONDS)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
    return process.returncode


def _start(step: Step, environment: dict[str, str], sink: BinaryIO) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        step.command,
        cwd=step.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=sink,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _explain(component: Component, status: int, log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    tail = [line for line in lines if not line.startswith(CHATTER)][-TAIL_LINES:]
    headline = f"{component.title} {component.release} did not build (status {status}):"
    return "\n".join([headline, *(f"  {line}" for line in tail)])
