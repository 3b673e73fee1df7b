"""The machine: Python, memory, disk, open files, the right to write."""

import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from components import cache, estimate
from components.pins import Component
from stack.checks.finding import Finding, good, problem, warning

GB = 1e9
SUPPORTED = ((3, 11), (3, 13))

MEMORY_TO_RUN = 1.0
MEMORY_COMFORTABLE = 1.5
MEMORY_TO_BUILD = 3.0
"""GB: the stack without Grafana holds about 0.7, the largest link of a build about 2."""

DISK_TO_RUN = 1.0
DISK_COMFORTABLE = 5.0
"""GB: retention keeps Prometheus within 2 by default; traces, objects and logs share the rest."""

OPEN_FILES_NEEDED, OPEN_FILES_COMFORTABLE = 1024, 4096


def check_python(version: tuple[int, int] = sys.version_info[:2]) -> Finding:
    """Whether this Python is one that is tested."""
    name = ".".join(map(str, version))
    if SUPPORTED[0] <= version <= SUPPORTED[1]:
        return good("Python", name)
    return problem("Python", f"{name} is not supported", "use 3.11, 3.12 or 3.13, e.g. PYTHON=python3.12")


def check_memory(available: float, unbuilt: Sequence[Component] = ()) -> Finding:
    """Whether `available` bytes are enough to run, and to compile what is not built."""
    found = f"{available / GB:.1f} GB available"
    if available < MEMORY_TO_RUN * GB:
        return problem("Memory", found, f"the stack needs {MEMORY_TO_RUN:.0f} GB: stop other programs")
    if unbuilt and available < MEMORY_TO_BUILD * GB:
        return warning(
            "Memory", found, f"the first start compiles and may need {MEMORY_TO_BUILD:.0f} GB: free some"
        )
    if available < MEMORY_COMFORTABLE * GB:
        return warning("Memory", found, f"{MEMORY_COMFORTABLE:.1f} GB leave room for load and Grafana")
    return good("Memory", found)


def check_disk(folder: Path, free: float) -> Finding:
    """Whether `free` bytes where the data goes are enough to run."""
    found = f"{free / GB:.1f} GB free for data in {folder}"
    if free < DISK_TO_RUN * GB:
        return problem(
            "Disk", found, f"at least {DISK_TO_RUN:.0f} GB is needed: free some, or set WHENCE_DATA"
        )
    if free < DISK_COMFORTABLE * GB:
        return warning(
            "Disk", found, f"{DISK_COMFORTABLE:.0f} GB last: free some, or lower PROMETHEUS_RETENTION_SIZE"
        )
    return good("Disk", found)


def check_build_disk(
    folder: Path, free: float, unbuilt: Sequence[Component], every: Sequence[Component]
) -> Finding:
    """Whether `free` bytes where Go keeps its caches are enough to compile what is not built."""
    if not unbuilt:
        return good("Build", f"all {len(every)} programs are compiled: nothing more is needed")
    need = estimate.disk(unbuilt)
    names = ", ".join(component.title for component in unbuilt)
    found = f"{names} to compile at the first start: up to {need:.1f} GB, {free / GB:.1f} free in {folder}"
    if free < need * GB:
        return problem("Build", found, "free some, or set GOCACHE and GOMODCACHE to folders on a larger disk")
    return good("Build", f"{found}; `go clean -cache -modcache` afterwards gives it back")


def find_unbuilt(components: Sequence[Component]) -> list[Component]:
    """The components that the next start has to compile."""
    return [component for component in components if not cache.is_built(component)]


def find_go_cache() -> Path:
    """Where Go's caches grow: $GOCACHE, else the user's cache folder."""
    return Path(os.environ.get("GOCACHE") or Path.home() / ".cache")


def read_free_disk(folder: Path) -> float:
    """Bytes free where `folder` is or would be made."""
    return shutil.disk_usage(_existing(folder)).free


def check_writable(folder: Path) -> Finding:
    """Whether the folder, or the one it would be made in, can be written to."""
    place = _existing(folder)
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"x")
    except OSError as error:
        return problem(
            "Data folder",
            f"{place} cannot be written to ({error.strerror})",
            f"`sudo chown -R $USER {place}`, or set WHENCE_DATA to a folder of yours",
        )
    return good("Data folder", f"{folder} can be written to")


def check_open_files(limit: int | None = None) -> Finding:
    """Whether a process may open enough files; Go programs raise themselves to the hard limit."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1] if limit is None else limit
    if hard == resource.RLIM_INFINITY or hard >= OPEN_FILES_COMFORTABLE:
        return good("Open files", "no limit" if hard == resource.RLIM_INFINITY else f"limit {hard}")
    remedy = f"`ulimit -n {OPEN_FILES_COMFORTABLE}` before starting, or nofile in /etc/security/limits.conf"
    found = f"at most {hard} per process"
    return (problem if hard < OPEN_FILES_NEEDED else warning)("Open files", found, remedy)


def ask_program(*command: str, timeout: float = 5.0) -> str | None:
    """What a program prints, or None if it is not there, fails or does not answer in `timeout` seconds."""
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def read_version(text: str | None) -> tuple[int, ...] | None:
    """The first dotted number in a text: "grafana version 12.3.3" → (12, 3, 3)."""
    found = re.search(r"\d+(?:\.\d+)+", text or "")
    return tuple(map(int, found[0].split("."))) if found else None


def _existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.exists())
