"""R23 as a command: `make retrain`, and what goes on by itself."""

import io
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

from config import Config
from decisions.audit import Trail, TrailError
from decisions.retraining.attempts import Attempts
from decisions.retraining.conduct import StepFailed
from decisions.retraining.data import Data, Report
from decisions.retraining.incidents import Trouble
from diagnosis.verdict.verdict import Verdict
from prometheus.client import Client, SourceAway
from stack import ROOT, StackError, generated
from stack import __main__ as stack
from stack.models import retraining
from stack.models.decisions import app
from stack.running import containers, processes
from stack.settings import Settings, process_environment
from tests.unit.decisions.retraining.verdicts import CHOICES, STORAGE, of_hit_rate

SLOW = of_hit_rate("infrastructure", "storage-latency", STORAGE)
DRIFTED = of_hit_rate("data", "concept-drift", CHOICES)
PROCESS = yaml.safe_load((ROOT / "process-compose.yaml").read_text())["processes"]["retraining"]
OWN = {"name": "fraud", "service": "checkout", "train": ["train"], "release": ["release"]}


class Steps:
    """In place of the recommender's."""

    def __init__(self, *_: Any) -> None:
        pass

    def train(self, since: float, until: float) -> Report:
        return Report(version="als32-new", data=Data(rows=5_000, duplicates=0, out_of_range=0))

    def admit(self, report: Report) -> None:
        pass

    def release(self, version: str) -> None:
        pass

    def measure(self, version: str) -> float | None:
        return 0.59


class Desk:
    """The command on files of its own, with the incidents that a test sets."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.troubles: list[Trouble] = []
        self.outcomes = 9_000.0
        self.left = ""
        self.obstacle = ""
        self.out = io.StringIO()
        self.console = Console(file=self.out, width=200)
        self.trail = Trail(folder / "audit.jsonl")
        monkeypatch.setattr(retraining, "AUDIT_FILE", folder / "audit.jsonl")
        monkeypatch.setattr(retraining, "ATTEMPTS_FILE", folder / "retraining.json")
        monkeypatch.setattr(retraining, "TOLD_FILE", folder / "told.json")
        monkeypatch.setattr(retraining, "RecommenderSteps", Steps)
        monkeypatch.setattr(retraining, "end_abandoned", lambda _: self.left)
        monkeypatch.setattr(retraining, "find_obstacle", lambda _: self.obstacle)
        monkeypatch.setattr(retraining, "read_troubles", lambda *_: self.troubles)
        monkeypatch.setattr(retraining.Retraining, "_count_outcomes", lambda *_: self.outcomes)

    def open(self, verdict: Verdict, *, asks: bool = True) -> None:
        self.troubles = [Trouble(incident=7, asks=asks, verdict=verdict)]

    def retrain(self) -> int:
        return retraining.retrain(Settings(), Config(), self.console, "recommendations")

    def watch(self, looks: int, **changes: Any) -> None:
        config = Config.model_validate({"retraining": {"automatic": True, **changes}})
        left = iter([*[False] * looks, True])
        retraining.watch(Settings(), config, self.console, lambda _: next(left))

    @property
    def told(self) -> Sequence[str]:
        return [entry.what for entry in self.trail.latest(20)][::-1]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


def test_r23_slow_storage_is_no_reason_to_retrain_and_that_is_said_and_kept(desk: Desk) -> None:
    desk.open(SLOW)
    assert desk.retrain() == 1
    assert desk.out.getvalue().startswith("Do not retrain: 21.0 of the 27.0 points lost come from answers")
    assert desk.told == ["retraining.refused"]


def test_r23_drift_is_retrained_for_and_what_came_is_said(desk: Desk) -> None:
    desk.open(DRIFTED)
    assert desk.retrain() == 0
    assert "als32-new is live: the hit rate is 0.59" in desk.out.getvalue()
    assert desk.told == ["retraining.begun", "retraining.done", "retraining.measured"]
    assert desk.retrain() == 1, "it cools down"
    assert "the cool-down is 6.0 h" in desk.out.getvalue() and "Ask again at" in desk.out.getvalue()


def test_without_an_incident_the_last_minutes_are_diagnosed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def ask(address: str, start: float, end: float, services: list[str], token: str) -> Verdict:
        asked.append((end - start, services, token))
        return Verdict(domain="none", cause="none", confidence=0.9, summary="No user impact was found.")

    monkeypatch.setattr(retraining, "ask", ask)
    assert desk.retrain() == 1
    assert asked == [(900.0, [], "")]
    assert desk.out.getvalue() == "Do not retrain: Nothing is wrong.\n"


def test_outcomes_are_those_of_known_users_since_the_onset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(parse_qs(request.content.decode() or request.url.query.decode())["query"][0])
        series = {"metric": {}, "value": [1_600.0, "2.5"]}
        return httpx.Response(
            200, json={"status": "success", "data": {"resultType": "vector", "result": [series]}}
        )

    def connect(name: str, address: str, token: str = "") -> Client:
        return Client(name, address, token=token, transport=httpx.MockTransport(answer))

    monkeypatch.setattr(retraining, "Client", connect)
    monkeypatch.setattr(retraining, "ATTEMPTS_FILE", tmp_path / "retraining.json")
    monkeypatch.setattr(retraining, "find_obstacle", lambda _: "")
    found = retraining.Retraining(Settings(), Config(), Console()).judge(DRIFTED, 1_600.0)
    assert found.code == "too-little-data" and found.why.startswith("1,500 outcomes since the trouble began")
    (promql,) = asked
    assert "[600s]" in promql and 'segment!="unknown"' in promql


def test_r23_nothing_goes_on_by_itself_unless_it_is_allowed(desk: Desk) -> None:
    desk.open(DRIFTED)
    with pytest.raises(StackError, match=r"set `retraining: \{automatic: true\}`"):
        retraining.watch(Settings(), Config(), desk.console, lambda _: True)
    assert desk.told == []


def test_r23_an_alert_leads_to_a_retraining_by_itself_once(desk: Desk) -> None:
    desk.open(DRIFTED)
    desk.watch(3)
    assert desk.told == ["retraining.begun", "retraining.done", "retraining.measured", "retraining.refused"]
    assert desk.out.getvalue().count("als32-new is live") == 1


def test_an_answer_is_told_once_while_it_stays_and_again_when_it_changes(desk: Desk) -> None:
    desk.open(SLOW)
    desk.watch(3)
    assert desk.told == ["retraining.refused"]
    desk.outcomes = 10.0
    desk.open(DRIFTED)
    desk.watch(2)
    assert desk.told == ["retraining.refused"] * 2
    assert "10 outcomes since the trouble began" in desk.out.getvalue()


def test_an_answer_is_not_told_again_after_a_restart_of_the_stack_until_another_incident(desk: Desk) -> None:
    desk.open(SLOW)
    desk.watch(1)
    desk.left = "als32-new is rolled back: whoever released it was stopped."
    desk.watch(1)
    assert desk.told == ["retraining.refused"]
    assert desk.left in desk.out.getvalue()
    desk.troubles = [each.model_copy(update={"incident": 8}) for each in desk.troubles]
    desk.watch(2)
    assert desk.told == ["retraining.refused"] * 2


def test_an_incident_without_an_alert_on_quality_asks_for_nothing(desk: Desk) -> None:
    desk.open(DRIFTED, asks=False)
    desk.watch(2)
    assert desk.told == []


def test_a_failure_is_told_and_the_watch_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise StepFailed("release: exit status 1")

    monkeypatch.setattr(Steps, "release", fail)
    desk.open(DRIFTED)
    desk.watch(2)
    assert desk.told == ["retraining.begun", "retraining.failed", "retraining.refused"]
    assert "recommendations was not retrained: release: exit status 1" in desk.out.getvalue()


def test_a_release_that_cannot_be_rolled_back_yet_is_tried_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = StackError("storage is away")
    answers: Iterator[StackError | str] = iter([away, away, "v2 is rolled back."])

    def end(_: str) -> str:
        answer = next(answers)
        if isinstance(answer, StackError):
            raise answer
        return answer

    monkeypatch.setattr(retraining, "end_abandoned", end)
    desk.watch(4)
    said = desk.out.getvalue()
    assert said.count("whence: storage is away") == 1 and said.count("v2 is rolled back.") == 1


def test_a_stack_that_is_away_is_told_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["away", "away", "", "away"])

    def read(*_: Any) -> list[Trouble]:
        if next(answers):
            raise SourceAway("The inbox cannot be reached.")
        return []

    monkeypatch.setattr(retraining, "read_troubles", read)
    desk.watch(4)
    assert desk.out.getvalue().count("whence: The inbox cannot be reached.") == 2


def test_a_version_that_is_live_is_not_said_to_have_failed_where_that_is_not_recorded(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measure(*_: Any) -> None:
        raise TrailError("audit.jsonl cannot be written: No space left on device")

    monkeypatch.setattr(Steps, "measure", measure)
    desk.open(DRIFTED)
    with pytest.raises(StackError, match=r"^what became of recommendations is not recorded: audit\.jsonl"):
        desk.retrain()


def test_a_retraining_waits_for_the_release_under_way_and_is_not_spent_on_it(desk: Desk) -> None:
    desk.open(DRIFTED)
    desk.obstacle = "als64-other is being released: `make release` goes on with it, `make rollback` ends it"
    desk.watch(2)
    assert desk.told == ["retraining.refused"]
    assert "No version can be released now: als64-other is being released" in desk.out.getvalue()
    desk.obstacle = ""
    desk.watch(1)
    assert desk.told[1:] == ["retraining.begun", "retraining.done", "retraining.measured"]


def test_a_retraining_that_was_killed_counts_for_the_cool_down_and_is_not_under_way_for_ever(
    desk: Desk,
) -> None:
    desk.open(DRIFTED)
    Attempts(retraining.ATTEMPTS_FILE).begin("recommendations", time.time() - 60)
    desk.watch(1)
    assert desk.told == ["retraining.failed", "retraining.refused"]
    assert "The last retraining was 0 min ago; the cool-down is 6.0 h" in desk.out.getvalue()
    desk.watch(1, cool_down="1ms")
    assert "als32-new is live" in desk.out.getvalue()


def test_a_model_is_chosen_by_its_name_or_its_service() -> None:
    config = Config.model_validate({"retraining": {"models": [OWN]}})
    assert retraining.choose_model(config, "", "") == "recommendations"
    assert retraining.choose_model(config, "checkout", "") == "fraud"
    with pytest.raises(StackError, match="name one of the models of deliveries"):
        retraining.choose_model(config, "deliveries", "")
    with pytest.raises(StackError, match="how eta is trained is not known"):
        retraining.Retraining(Settings(), config, Console(), "eta")


@pytest.mark.parametrize("automatic", [True, False])
def test_the_stack_retrains_by_itself_where_whence_yaml_says_so_and_only_there(automatic: bool) -> None:
    config = Config.model_validate({"retraining": {"automatic": automatic}})
    disabled = Template(PROCESS["is_disabled"]).substitute(process_environment(Settings(), {}, config))
    assert disabled == ("false" if automatic else "true")


def test_the_process_of_the_stack_is_the_command_and_comes_back_after_a_crash(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watched: list[Config] = []
    monkeypatch.setattr(retraining, "watch", lambda _, config, *__: watched.append(config))
    _, arguments = PROCESS["command"].split("-m stack ")
    assert CliRunner().invoke(app, arguments.split()).exit_code == 0
    assert len(watched) == 1
    assert PROCESS["availability"]["restart"] == "always"
    assert PROCESS["depends_on"].keys() == {"recommender", "incidents"}


@pytest.mark.parametrize("automatic", [True, False])
def test_a_start_of_containers_says_that_none_of_them_retrains(
    automatic: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = Config.model_validate({"retraining": {"automatic": automatic}})
    for name, given in {
        "load": config,
        "load_settings": Settings(),
        "choose_mode": ("containers", "Running the stack in containers."),
        "_start_containers": 20.0,
        "_print_addresses": None,
        "_tell_waiting": None,
    }.items():
        monkeypatch.setattr(stack, name, lambda *_, given=given: given)
    monkeypatch.setattr(processes, "supervisor_alive", lambda: False)
    monkeypatch.setattr(containers, "choose_stack", lambda **_: None)
    monkeypatch.setattr(generated, "update", lambda _: False)
    stack.up()
    said = "No container retrains by itself: `make retrain WATCH=1` beside them does."
    assert (said in " ".join(capsys.readouterr().out.split())) is automatic
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    assert "retraining" not in services
