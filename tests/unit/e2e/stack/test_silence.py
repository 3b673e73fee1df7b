"""The helper of live tests that waits until no count is on its way."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.stack import test_counts
from tests.e2e.stack.test_counts import await_silence, count_since
from tests.unit.alerts.chosen import choose

EXPORT = 5
SWEEP = 2
"""Seconds from the end of a window to its label."""


@dataclass
class FakeStack:
    """Each counter as one series that begins with its first count; `counted` says when it went up by one."""

    now: float
    counted: Mapping[str, Sequence[float]]

    def time(self) -> float:
        return self.now

    def query(self, promql: str) -> list[dict[str, Any]]:
        name, length, unit = re.findall(r"^recommendation_(\w+)_total\[(\d+)([sm])\]$", promql)[0]
        oldest = self.now - int(length) * {"s": 1, "m": 60}[unit]
        exports = [at for at in range(0, int(self.now) + 1, EXPORT) if at > oldest]
        values = [[at, str(sum(each <= at for each in self.counted[name]))] for at in exports]
        values = [sample for sample in values if sample[1] != "0"]
        return [{"values": values}] if values else []

    def poll(self, description: str, probe: Callable[[], bool], deadline: float, every: float) -> None:
        end = self.now + deadline
        while not probe():
            self.now += every
            assert self.now < end, description


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """A fake stack whose clock is the one that the helper sees."""

    def start(now: float, **counted: Sequence[float]) -> FakeStack:
        fake = FakeStack(now, counted)
        monkeypatch.setattr(test_counts, "time", fake)
        monkeypatch.setattr(test_counts, "eventually", fake.poll)
        return fake

    return start


@pytest.mark.parametrize("window", [15, 40])
@pytest.mark.parametrize("earlier", [[], [300.0]], ids=["the first labels", "not the first labels"])
@pytest.mark.parametrize("after", range(1, 8))
def test_labels_of_answers_given_before_are_waited_for(
    start: Callable[..., Any], tmp_path: Path, window: int, earlier: list[float], after: int
) -> None:
    labelled = [*earlier, 1001.0 + window + SWEEP]
    stack = start(1001 + after, requests=[300.0, 1001.0], labelled=labelled)
    with choose(f"recommendations: {{attribution_window: {window}s}}", tmp_path):
        await_silence(stack, "labelled")
    began = stack.now
    assert began > labelled[-1]
    stack.now += 60
    assert count_since(stack, began, "labelled") == 0


def test_requests_are_not_waited_for_longer_than_their_export_takes(start: Callable[..., Any]) -> None:
    stack = start(1001, requests=[300.0, 1000.0])
    await_silence(stack)
    assert stack.now < 1001 + 15


def test_without_exports_there_is_no_silence(start: Callable[..., Any]) -> None:
    with pytest.raises(AssertionError, match="stand still"):
        await_silence(start(1001, requests=[]))
