"""Where built components live, and the rules that keep that place consistent."""

import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from components.pins import FOLDER, MINIMUM_GO, Component

BUILD_FLAGS = "-mod=readonly -trimpath -buildvcs=false -gcflags=all=-dwarf=false"
"""No debug information is made, as it is stripped anyway: that leaves a quarter less in Go's cache."""
STAGING = ".staging-"
MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def root() -> Path:
    """The cache folder: `$WHENCE_CACHE`, else `.cache` beside the components' package."""
    return Path(os.environ.get("WHENCE_CACHE") or FOLDER.parent / ".cache").absolute()


def target() -> tuple[str, str]:
    """This machine as Go names it: (GOOS, GOARCH)."""
    machine = platform.machine().lower()
    return platform.system().lower(), MACHINES.get(machine, machine)


def key(component: Component) -> str:
    """12 hex digits over all that determines the binaries: pin, module graph, manifest, flags, platform.

    The patch version of Go is left out on purpose: asking for it would cost a process at every start.
    """
    pin = [component.module, component.version, component.binaries, component.tags, component.link_flags]
    digest = hashlib.sha256(json.dumps([pin, BUILD_FLAGS, MINIMUM_GO, target()]).encode())
    for file in inputs(component):
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:12]


def inputs(component: Component) -> list[Path]:
    """The files a component is built from."""
    module = [component.folder / "go.mod", component.folder / "go.sum"]
    return [*module, component.manifest] if component.manifest else module


def home(component: Component) -> Path:
    """The folder that holds the component's binaries once it is built, and does not exist before."""
    return root() / "components" / f"{component.name}-{key(component)}"


def is_built(component: Component) -> bool:
    """Whether every binary of the component is in place."""
    return all((home(component) / binary).is_file() for binary, _ in component.binaries)


def prune(current: Path) -> None:
    """Remove what the cache holds under the same name as `current`, with another key."""
    name, _, _ = current.name.rpartition("-")
    versions = re.compile(re.escape(name) + "-[0-9a-f]{12}")
    for folder in current.parent.iterdir():
        if versions.fullmatch(folder.name) and folder != current:
            shutil.rmtree(folder)


@contextmanager
def workspace() -> Iterator[Path]:
    """An empty folder on the cache's file system, removed at the end whatever happens."""
    folder = Path(tempfile.mkdtemp(prefix=STAGING, dir=root() / "components"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(folder: Path, destination: Path) -> None:
    """Move a finished folder of a workspace into place, in one step."""
    if destination.exists():
        shutil.rmtree(destination)
    os.replace(folder, destination)


@contextmanager
def exclusive(on_wait: Callable[[], None]) -> Iterator[None]:
    """Let one builder at a time work in the cache, and clear away what a killed one left.

    Calls `on_wait` first if another has to finish.
    """
    folder = root() / "components"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(lock, fcntl.LOCK_EX)
        for leftover in folder.glob(f"{STAGING}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        yield
