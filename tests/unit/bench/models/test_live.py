"""The sets of services of the benchmark on watched models: what begins anew, and what is stopped."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from bench import live_example
from bench.live_example import run_example
from bench.models import live
from bench.models.live import LiveModels
from stack import StackError


class Commands:
    """What the examples and the stack were told; those in `fail` fail."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.fail: set[str] = set()

    def tell(self, command: str) -> str:
        self.told.append(command)
        if command in self.fail:
            raise StackError(f"{command}: no")
        return ""

    def run_models(self, environment: Mapping[str, str], *arguments: str) -> str:
        return self.tell(f"{Path(environment['MODELS_DATA']).name} {' '.join(arguments)}")


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> Commands:
    told = Commands()
    monkeypatch.setattr(live, "run_models", told.run_models)
    monkeypatch.setattr("components.build.binary", Path)
    monkeypatch.setattr("bench.incidents.stacks.BenchStack.up", lambda *_: told.tell("stack up"))
    monkeypatch.setattr("bench.incidents.stacks.BenchStack.down", lambda *_: told.tell("stack down"))
    return told


def test_what_an_earlier_round_left_is_stopped_and_deleted(tmp_path: Path, commands: Commands) -> None:
    change = tmp_path / "models-3" / "changes" / "checkout.json"
    change.parent.mkdir(parents=True)
    change.write_text("{}")
    slots = LiveModels(tmp_path, 2).up(1)
    assert commands.told == ["models-3 down", "stack up", "models-1 up", "models-2 up"]
    assert not change.exists()
    assert [slot.service for slot in slots] == ["checkout", "deliveries", "checkout-2", "deliveries-2"]


def test_all_is_stopped_though_one_does_not_stop(tmp_path: Path, commands: Commands) -> None:
    models = LiveModels(tmp_path, 3)
    models.up(1)
    commands.told, commands.fail = [], {"models-2 down"}
    with pytest.raises(StackError, match="models-2 down"):
        models.down()
    assert sorted(commands.told) == ["models-1 down", "models-2 down", "models-3 down", "stack down"]
    assert len(models.up(2)) == 6


def test_a_command_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_example, "COMMAND_LIMIT", 0.05)
    with pytest.raises(StackError, match="not done after 0 s"):
        run_example(Path(sys.executable), "timeit", os.environ, "import time; time.sleep(9)")
