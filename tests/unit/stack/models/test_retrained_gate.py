"""R23: a version that learned from feedback passes the gate if it orders what users were shown as well."""

from collections.abc import Sequence

import pytest

from bench.retraining.users import K, Stack
from config import Config
from decisions.gate.judgement import Report
from services.demo.storage.client import read_object
from services.demo.storage.history import Seen
from services.demo.traffic.behaviour import Mix
from services.demo.trainer.retraining import retrain
from stack.models.gate import judge_stored

VISITS = 12_000
"""Ten minutes of the demo's traffic."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    return Stack(tmp_path_factory.mktemp("data") / "generated")


def judge(stack: Stack, feedback: Sequence[Seen]) -> Report:
    stack.forget()
    stack.keep(feedback)
    version = retrain(stack.folder, stack.publication, feedback[0].at, stack.now, K).version
    return judge_stored(Config(), lambda key: read_object(stack.store, "whence", key), version)


@pytest.mark.parametrize("shift", [0.35, 0.7])
def test_r23_a_version_that_learned_new_preferences_passes(stack: Stack, shift: float) -> None:
    report = judge(stack, stack.visit(VISITS, seed=1, shift=shift))
    assert report.passed, [check.sentence for check in report.failures]


@pytest.mark.parametrize(
    "mix",
    [
        Mix(light=0.4, regular=0.3, heavy=0.1, unknown=0.2),
        Mix(light=0.5, regular=0.05, heavy=0.0, unknown=0.45),
    ],
)
def test_r23_a_version_that_learned_from_other_users_passes(stack: Stack, mix: Mix) -> None:
    report = judge(stack, stack.visit(VISITS, seed=2, mix=mix))
    assert report.passed, [check.sentence for check in report.failures]


def test_r23_a_version_that_learned_from_poisoned_feedback_is_refused(stack: Stack) -> None:
    """Four fifths of the answers have lost their clicks."""
    honest = stack.visit(VISITS, seed=3)
    poisoned = [each._replace(clicked=()) for each in honest[: VISITS * 4 // 5]]
    report = judge(stack, [*poisoned, *honest[VISITS * 4 // 5 :]])
    assert {check.name for check in report.failures} & {"ndcg_at_10", "mrr_at_10"}
