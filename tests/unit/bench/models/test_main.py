"""The command of the benchmark on watched models: no failure of a round loses another."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from bench.models import __main__ as command
from bench.models.case import Case, Run
from bench.recorded_runs import read_runs
from stack import StackError
from tests.unit.bench.models.test_run import make_run

FIRST, LAST = "checkout-unit-change", "deliveries-labels-a-little-later"


def run_all(folder: Path) -> None:
    command.run(seed=5, only="", sets=4, recordings=folder, plan=False)


def test_a_round_that_fails_loses_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing = {FIRST: OSError("no [/space] left")}

    def run_round(cases: Sequence[Case], _: Any, keep: Callable[[Run], None], tell: Any) -> None:
        for case in cases:
            if error := failing.get(case.fault):
                raise error
            keep(make_run(case.fault, case.severity))

    monkeypatch.setattr(command, "run_round", run_round)
    with pytest.raises(StackError, match="8 cases were not kept"):
        run_all(tmp_path)
    kept = {run.case.fault for run in read_runs(tmp_path, Run)}
    assert LAST in kept and FIRST not in kept
    assert "OSError: no [/space] left" in capsys.readouterr().out
    failing.clear()
    run_all(tmp_path)
    assert len(read_runs(tmp_path, Run)) == 16 * 2 + 12
