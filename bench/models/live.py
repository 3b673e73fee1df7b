"""A stack, and several sets of the two services beside it, none of which knows of another."""

import os
import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.live_example import make_stack, run_example
from bench.models.case import Case, Counts
from components import build as builds
from examples.models.faults.catalogue import EXAMPLES
from examples.models.settings import CONFIGURATION, Ports, read_models
from examples.shop.users.tally import read_windows
from stack import ROOT
from stack.running.ports import find_free_ports

PYTHON = ROOT / ".cache" / "models" / "bin" / "python"
RATE = 5
"""Requests per second for each service."""

SET = "models-"
"""What the folder of a set is called, before its number."""


@dataclass(frozen=True)
class Slot:
    """Where a case is run: one of the two services of a set."""

    environment: Mapping[str, str]
    example: str

    @property
    def service(self) -> str:
        """Its name in telemetry."""
        return f"{self.example}{self.environment['MODELS_SUFFIX']}"

    def break_(self, case: Case, seconds: int) -> None:
        """Raises StackError."""
        run_models(self.environment, "break", case.fault, case.severity, "--for", str(seconds))

    def count(self, since: float, until: float) -> Counts:
        """What callers saw between two Unix times."""
        windows = read_windows(read_models(self.environment).counts(self.example), since, until)
        return summarise(windows)


class LiveModels:
    """The stack and its sets; `up` begins anew, `down` stops all."""

    def __init__(self, folder: Path, sets: int) -> None:
        self.stack = make_stack(folder, CONFIGURATION)
        self._folder, self._sets = folder, sets
        self._started: list[Mapping[str, str]] = []

    def up(self, seed: int) -> list[Slot]:
        """Return when all are healthy, the services of a set one after the other. Raises StackError."""
        self._clear()
        self.stack.data.mkdir(parents=True, exist_ok=True)
        self.stack.up(seed)
        otlp = f"127.0.0.1:{self.stack.ports['OTLP_HTTP_PORT']}"
        for number in range(1, self._sets + 1):
            environment = make_environment(self._folder / f"{SET}{number}", otlp, number, seed)
            self._started.append(environment)
            run_models(environment, "up")
        return [Slot(environment, name) for environment in self._started for name in EXAMPLES]

    def down(self) -> None:
        """Stops all, also if one does not stop: then raises StackError at the end."""
        with ExitStack() as ending:
            ending.callback(self.stack.down)
            while self._started:
                ending.callback(run_models, self._started.pop(), "down")

    def _clear(self) -> None:
        """End the services of an earlier round, which may have been killed; delete what they kept."""
        for left in sorted(self._folder.glob(f"{SET}*")):
            run_models({**os.environ, "MODELS_DATA": str(left)}, "down")
            shutil.rmtree(left)


def make_environment(data: Path, otlp: str, number: int, seed: int) -> dict[str, str]:
    """What the commands of a set get; its telemetry goes to `otlp` (host:port)."""
    return {
        **os.environ,
        **find_free_ports(Ports.name_variables()),
        "MODELS_DATA": str(data),
        "MODELS_OTLP": otlp,
        "MODELS_SUFFIX": "" if number == 1 else f"-{number}",
        "MODELS_RATE": str(RATE),
        "MODELS_SEED": str(seed + 1000 * number),
        "MODELS_PROCESS_COMPOSE": str(builds.binary("process-compose")),
    }


def run_models(environment: Mapping[str, str], *arguments: str) -> str:
    """One of the commands of the models: its output. Raises StackError with what it said."""
    return run_example(PYTHON, "examples.models", environment, *arguments)


def summarise(windows: list[dict[str, float]]) -> Counts:
    """All windows of callers as one."""
    sent, failed, told = (sum(window[name] for window in windows) for name in ("sent", "failed", "told"))
    seconds = sum(window["seconds"] for window in windows)
    loss = sum(window["loss"] * (window["sent"] - window["failed"]) for window in windows)
    return Counts(
        rate=round(sent / max(1.0, seconds), 2),
        failed=round(failed / max(1, sent), 4),
        loss=round(loss / max(1, sent - failed), 4),
        told=round(told / max(1, sent), 3),
    )
