"""Commands of a stack of a run's own."""

import subprocess
from pathlib import Path

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
