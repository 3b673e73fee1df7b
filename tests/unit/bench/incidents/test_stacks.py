"""A stack of a run's own: what its commands say."""

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench.incidents.stacks import BenchStack
from stack import StackError


def test_what_a_command_said_is_read_though_it_failed_if_that_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = subprocess.CompletedProcess([], 1, stdout="{}\n", stderr="no recommender")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    stack = BenchStack(tmp_path)
    assert stack.run("services.demo.traffic", check=False) == "{}\n"
    with pytest.raises(StackError, match="no recommender"):
        stack.run("services.demo.traffic")


def pid(said: str) -> int:
    stack: Any = SimpleNamespace(_python=lambda *_: said)
    return BenchStack.pid(stack, "retraining")


def test_the_id_of_a_process_nobody_knows_is_told_in_a_line() -> None:
    assert pid("4711\n") == 4711
    with pytest.raises(StackError, match="nobody knows of retraining: the stack does not answer"):
        pid("\n")
