import json
from pathlib import Path
from typing import Any, cast

import pytest

from bench.incidents.actions import Actions
from bench.incidents.scenario import Scenario, Step
from bench.incidents.stacks import BenchStack
from services.demo.flags import read_rollout
from tests.unit.bench.incidents.drawn import draw_scenario


class FakeStack:
    """Notes the commands it is given; its recommender serves `live`."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.live = "als32-0f0f0f"
        self.ran: list[str] = []
        self.http = self

    def url(self, component: str) -> str:
        return component

    def get(self, _: str) -> "FakeStack":
        return self

    def json(self) -> dict[str, Any]:
        return {"model_version": self.live, "dataset_id": "abc"}

    def run(self, *command: str) -> str:
        self.ran.append(" ".join(command))
        return "als32-twin00\n"

    def control(self, action: str, process: str) -> None:
        self.ran.append(f"{action} {process}")


@pytest.fixture
def stack(tmp_path: Path) -> FakeStack:
    return FakeStack(tmp_path)


@pytest.fixture
def actions(stack: FakeStack) -> Actions:
    return Actions(cast(BenchStack, stack), draw_scenario("bad-model"))


def roll_out_scenario() -> Scenario:
    steps = [Step(rollout=0.3)]
    return draw_scenario("none").model_copy(update={"steps": steps})


def test_faults_go_through_the_command_with_a_lease(stack: FakeStack, actions: Actions) -> None:
    actions.do(Step(fault="bad-model", severity="medium"))
    actions.mend()
    assert stack.ran == ["faults break bad-model medium --for 900", "faults mend"]


def test_a_rollout_gives_a_version_as_good_its_share_and_is_undone(stack: FakeStack) -> None:
    actions = Actions(cast(BenchStack, stack), roll_out_scenario())
    assert stack.ran == ["bench.incidents.equivalent_model"]
    actions.do(Step(rollout=0.3))
    flags = stack.data / "flags" / "flags.json"
    assert read_rollout(flags) == {"als32-0f0f0f": 70, "als32-twin00": 30}
    actions.do(Step(rollout=0))
    assert read_rollout(flags) == {}
    actions.mend()
    assert "faults mend" not in stack.ran


def test_users_can_be_more_and_others_at_once(stack: FakeStack, actions: Actions) -> None:
    actions.do(Step(surge=1.5))
    actions.do(Step(mix={"light": 1.0}))
    file = stack.data / "traffic" / "behaviour.json"
    behaviour = json.loads(file.read_text())
    assert behaviour["rate_factor"] == 1.5 and behaviour["mix"] == {"light": 1.0}
    actions.mend()
    assert not file.exists()
