"""What a retraining does on the running stack: commands, the gate, a release, and a look at the quality."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from config import Config, service_environment
from config.retraining import RetrainedModel
from decisions.gate.card import InvalidCard, read_card
from decisions.retraining.conduct import CONTROLLER, StepFailed
from decisions.retraining.data import BadReport, Report, read_report
from diagnosis.verdict.verdict import Verdict
from prometheus import indicators
from prometheus.client import Client, SourceAway, query
from prometheus.models import watched
from prometheus.models.samples import ALL, SHORT
from stack import DATA, LINEAGE_FILE, ROOT, StackError
from stack.models.dataset import dataset_settings
from stack.models.releases import end_abandoned
from stack.settings import Settings
from stack.storage.bucket import find_storage

LONGEST_TRAINING, LONGEST_RELEASE = 3_600.0, 24 * 3_600.0
"""Seconds."""

SETTLED, SETTLED_WATCHED = 330.0, 900.0
"""Seconds after which the quality is that of the new version: its labels are in for five or ten minutes."""

SHOWN = 300
"""Characters of what a command that failed said last."""

Wait = Callable[[float], bool]
"""Waits for so many seconds, or until it is told to end: then it says so at once."""


def sleep(seconds: float) -> bool:
    """Wait until an interrupt raises."""
    time.sleep(seconds)
    return False


class RecommenderSteps:
    """The demo's own trainer, and a release as a person begins it, which has the gate in it."""

    def __init__(self, settings: Settings, config: Config, prometheus: Client, wait: Wait = sleep) -> None:
        self._settings, self._config, self._prometheus, self._wait = settings, config, prometheus, wait

    def train(self, since: float, until: float) -> Report:
        command = [sys.executable, "-m", "services.demo.trainer.retrain"]
        return _train(command, since, until, self._environment())

    def admit(self, report: Report) -> None:
        """The release does that."""

    def release(self, version: str) -> None:
        """Step by step, told on the terminal; one whose command was stopped is rolled back."""
        _go_on(self._wait)
        command = [sys.executable, "-m", "stack", "release", version]
        told = {"WHO": CONTROLLER, "WHY": "it learned from recent feedback"}
        try:
            _run(command, told, LONGEST_RELEASE + self._config.release.longest, shown=True)
        except StepFailed as failed:
            try:
                left = end_abandoned(CONTROLLER)
            except StackError as problem:
                left = str(problem)
            raise StepFailed(f"{failed}. {left}" if left else str(failed)) from None

    def measure(self, version: str) -> float | None:
        """Of all answers: the verdict's hit rate is, too."""
        if self._wait(SETTLED):
            return None
        return _ask(self._prometheus, indicators.hit_rate(window="5m"))

    def _environment(self) -> dict[str, str]:
        """As the trainer of the stack has it, but straight to the storage, as all commands."""
        storage, dataset = find_storage(), dataset_settings()
        lineage = self._settings.lineage
        return {
            **service_environment(self._config),
            "STORAGE_ENDPOINT": storage.endpoint,
            "STORAGE_BUCKET": storage.bucket,
            "STORAGE_REGION": storage.region,
            "STORAGE_ADDRESSING": storage.addressing,
            "STORAGE_ACCESS_KEY": storage.access_key,
            "STORAGE_SECRET_KEY": storage.secret_key.get_secret_value(),
            "DATASET": str(Path(dataset.dataset).expanduser().resolve()) if dataset.dataset else "",
            "DATASET_SKIP_BAD_ROWS": str(dataset.skip_bad_rows).lower(),
            "DATA_DIR": str(DATA),
            "LINEAGE_FILE": str(LINEAGE_FILE),
            "OPENLINEAGE_URL": lineage.openlineage_url,
            "OPENLINEAGE_API_KEY": lineage.openlineage_api_key.get_secret_value(),
        }


class CommandSteps:
    """A watched model, by the commands that whence.yaml names."""

    def __init__(
        self,
        model: RetrainedModel,
        config: Config,
        console: Console,
        prometheus: Client,
        verdict: Verdict,
        wait: Wait = sleep,
    ) -> None:
        self._model, self._config, self._console = model, config, console
        self._prometheus, self._verdict, self._wait = prometheus, verdict, wait

    def train(self, since: float, until: float) -> Report:
        return _train(self._model.train, since, until, {})

    def admit(self, report: Report) -> None:
        """By the two cards that the training wrote; without them there is nothing to compare."""
        from stack.models.gate import Gate  # NumPy and SciPy load slowly

        if not report.card or not report.live_card:
            raise StepFailed(
                f"{report.version} has no card for the gate: `card` and `live_card` of its report"
            )
        try:
            if (judged := read_card(Path(report.card)).version) != report.version:
                raise StepFailed(f"{report.card} is the card of {judged}, and not of {report.version}")
            Gate(self._config, self._console).admit_file(Path(report.card), Path(report.live_card))
        except (InvalidCard, StackError) as refused:
            raise StepFailed(str(refused)) from None

    def release(self, version: str) -> None:
        """How is up to the command."""
        _go_on(self._wait)
        _run(self._model.release, {"RETRAIN_VERSION": version}, LONGEST_RELEASE, shown=True)

    def measure(self, version: str) -> float | None:
        """By the measure that the verdict was about."""
        if not self._verdict.measure or self._wait(SETTLED_WATCHED):
            return None
        name = self._verdict.measure.lower().replace(" ", "_")
        where = (
            f'service_name="{self._model.service}"',
            f'model_name="{self._model.name}"',
            f'model_version="{version}"',
            f'segment="{ALL}"',
            f'window="{SHORT}"',
        )
        return _ask(self._prometheus, watched.measure([name], *where))


def _go_on(wait: Wait) -> None:
    """Raises StepFailed if it was told to end while a step before ran."""
    if wait(0):
        raise StepFailed("it was told to end")


def _train(command: Sequence[str], since: float, until: float, environment: Mapping[str, str]) -> Report:
    moments = {"RETRAIN_SINCE": since, "RETRAIN_UNTIL": until}
    told = {name: datetime.fromtimestamp(at, UTC).isoformat() for name, at in moments.items()}
    output = _run(command, {**environment, **told}, LONGEST_TRAINING)
    try:
        return read_report(output)
    except BadReport as bad:
        raise StepFailed(f"{_name(command)}: {bad}") from None


def _run(
    command: Sequence[str], environment: Mapping[str, str], seconds: float, *, shown: bool = False
) -> str:
    """What a command wrote; `shown`, it writes on the terminal instead. Raises StepFailed."""
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=None if shown else subprocess.PIPE,
            stderr=None if shown else subprocess.PIPE,
            text=True,
            errors="replace",
            timeout=seconds,
            check=True,
        )
    except subprocess.TimeoutExpired:
        raise StepFailed(f"{_name(command)}: took more than {seconds:g} s") from None
    except subprocess.CalledProcessError as failed:
        last = (failed.stderr or "").strip().splitlines()[-1:] or [f"exit status {failed.returncode}"]
        raise StepFailed(f"{_name(command)}: {last[0][:SHOWN]}") from None
    except OSError as missing:
        raise StepFailed(f"{command[0]}: {missing.strerror}") from None
    return done.stdout or ""


def _name(command: Sequence[str]) -> str:
    """A command as people call it."""
    return " ".join([Path(command[0]).name, *command[1:]])[:SHOWN]


def _ask(prometheus: Client, promql: str) -> float | None:
    """The value, None where there is none: without labels a share of them is no number."""
    try:
        found = prometheus.ask(query(promql))
    except SourceAway:
        return None
    return found[0].last if found and found[0].points else None
