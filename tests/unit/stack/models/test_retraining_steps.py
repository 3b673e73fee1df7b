"""The steps of a retraining: of the recommender, and of a model of one's own by its commands."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from config import Config
from decisions.retraining.conduct import StepFailed
from decisions.retraining.data import Data, Report
from prometheus.client import Client
from stack import StackError
from stack.models import retraining_steps
from stack.models.retraining_steps import CommandSteps, RecommenderSteps
from stack.settings import Settings
from tests.unit.decisions.gate.cards import make_card
from tests.unit.decisions.retraining.verdicts import STORAGE, of_hit_rate, of_measure

SLOW = of_hit_rate("infrastructure", "storage-latency", STORAGE)
OWN = {"name": "fraud", "service": "checkout", "train": ["train"], "release": ["release"]}


def make_steps(train: str, release: str = "") -> CommandSteps:
    own = OWN | {"train": [sys.executable, "-c", train], "release": [sys.executable, "-c", release or "pass"]}
    declared = Config.model_validate({"retraining": {"models": [own]}})
    worse = of_measure("model", "concept-drift", "Accuracy", 0.9, 0.8)
    prometheus = Client("Prometheus", "http://127.0.0.1:9")
    return CommandSteps(declared.retraining.models[0], declared, Console(), prometheus, worse)


REPORTS = (
    "import json, os; print('loading'); period = os.environ['RETRAIN_SINCE'], os.environ['RETRAIN_UNTIL']; "
    "print(json.dumps({'version': ' '.join(period), 'data': {'rows': 1}}))"
)


def test_a_command_of_ones_own_is_told_the_period_and_reports() -> None:
    report = make_steps(REPORTS).train(0.0, 60.0)
    assert report.version == "1970-01-01T00:00:00+00:00 1970-01-01T00:01:00+00:00"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("import sys; sys.exit('no outcomes came')", "no outcomes came"),
        ("print('done')", "its last line is no report"),
        ("import os; os._exit(3)", "exit status 3"),
        ("import os; os.write(2, b'K\\xf6ln: no rows'); os._exit(1)", "K.ln: no rows"),
        (r"""print('{"version": "1.0\\u0000", "data": {"rows": 1}}')""", "is no report: version"),
    ],
)
def test_a_training_that_fails_says_why(command: str, said: str) -> None:
    with pytest.raises(StepFailed, match=said):
        make_steps(command).train(0.0, 1.0)


def test_a_command_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retraining_steps, "LONGEST_TRAINING", 0.2)
    with pytest.raises(StepFailed, match=r"took more than 0\.2 s"):
        make_steps("import time; time.sleep(60)").train(0.0, 1.0)


def test_a_command_that_is_not_there_is_said() -> None:
    declared = Config.model_validate({"retraining": {"models": [OWN | {"train": ["./no-such-program"]}]}})
    steps = CommandSteps(
        declared.retraining.models[0], declared, Console(), Client("Prometheus", "http://127.0.0.1:9"), SLOW
    )
    with pytest.raises(StepFailed, match="no-such-program: No such file"):
        steps.train(0.0, 1.0)


def test_a_version_without_cards_does_not_pass(tmp_path: Path) -> None:
    steps = make_steps(
        "pass", f"import os; open({str(tmp_path / 'live')!r}, 'w').write(os.environ['RETRAIN_VERSION'])"
    )
    with pytest.raises(StepFailed, match="1.0.2 has no card for the gate"):
        steps.admit(Report(version="1.0.2", data=Data(rows=1)))
    steps.release("1.0.2")
    assert (tmp_path / "live").read_text() == "1.0.2"


def make_recommender_steps(*ends: bool) -> RecommenderSteps:
    told = iter(ends)
    prometheus = Client("Prometheus", "http://127.0.0.1:9")
    return RecommenderSteps(Settings(), Config(), prometheus, lambda _: next(told))


@pytest.mark.parametrize(
    ("left", "said"),
    [
        ("als32-new is rolled back.", "exit status 130. als32-new is rolled back.$"),
        ("", "exit status 130$"),
        (StackError("the trail cannot be read"), "exit status 130. the trail cannot be read$"),
    ],
)
def test_a_release_whose_command_is_stopped_is_rolled_back_at_once(
    left: str | StackError, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(command: Sequence[str], *_: Any, **__: Any) -> None:
        raise subprocess.CalledProcessError(130, command)

    def end(who: str) -> str:
        assert who == "retraining"
        if isinstance(left, StackError):
            raise left
        return left

    monkeypatch.setattr(subprocess, "run", stop)
    monkeypatch.setattr(retraining_steps, "end_abandoned", end)
    with pytest.raises(StepFailed, match=said):
        make_recommender_steps(False).release("als32-new")


def test_a_release_is_not_ended_before_it_ends_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    within: list[float] = []

    def run(*_: Any, timeout: float, **__: Any) -> subprocess.CompletedProcess[str]:
        within.append(timeout)
        return subprocess.CompletedProcess([], 0)

    monkeypatch.setattr(subprocess, "run", run)
    config = Config.model_validate({"release": {"longest": "2d"}})
    prometheus = Client("Prometheus", "http://127.0.0.1:9")
    RecommenderSteps(Settings(), config, prometheus, lambda _: False).release("als32-new")
    assert within[0] > config.release.longest


def test_the_card_of_another_version_lets_none_pass(tmp_path: Path) -> None:
    card = tmp_path / "card.json"
    card.write_text(make_card(version="1.0.1").model_dump_json())
    report = Report(version="1.0.2", data=Data(rows=1), card=str(card), live_card=str(card))
    with pytest.raises(StepFailed, match=r"card\.json is the card of 1\.0\.1, and not of 1\.0\.2"):
        make_steps("pass").admit(report)
    card.write_text("{")
    with pytest.raises(StepFailed, match=r"card\.json: "):
        make_steps("pass").admit(report)


def test_nothing_is_released_once_it_is_told_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("a command begins"))
    own = make_steps("pass")
    own._wait = lambda _: True
    for steps in (make_recommender_steps(True), own):
        with pytest.raises(StepFailed, match="it was told to end"):
            steps.release("als32-new")


def test_quality_is_unknown_where_prometheus_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    assert make_steps("pass").measure("1.0.2") is None


def test_the_look_at_what_came_ends_when_the_stack_stops() -> None:
    def connect(request: httpx.Request) -> httpx.Response:
        raise AssertionError("nobody is to be asked any more")

    prometheus = Client("Prometheus", "http://127.0.0.1:9", transport=httpx.MockTransport(connect))
    steps = RecommenderSteps(Settings(), Config(), prometheus, lambda _: True)
    assert steps.measure("als32-new") is None


def test_quality_is_unknown_where_nothing_was_labelled(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"data": {"result": [{"metric": {}, "value": [1, "NaN"]}]}})

    monkeypatch.setattr(time, "sleep", lambda _: None)
    prometheus = Client("Prometheus", "http://127.0.0.1:9", transport=httpx.MockTransport(answer))
    assert RecommenderSteps(Settings(), Config(), prometheus).measure("als32-new") is None
