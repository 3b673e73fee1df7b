"""R23 on every recorded incident: drift of users leads to retraining, and nothing else does."""

import pytest

from bench.retraining.replay import Decided, decide_all

CODES = {
    "storage-latency": {"not-the-model"},
    "storage-outage": {"not-the-model"},
    "cpu-starvation": {"not-the-model"},
    "traffic-surge": {"not-the-model"},
    "missing-features": {"not-the-model"},
    "collector-outage": {"quality-unknown"},
    "catalogue-corruption": {"broken-data"},
    "bad-model": {"version-at-fault"},
    "biased-segment": {"version-at-fault"},
    "unknown": {"not-understood"},
    "covariate-drift": {"retrain"},
    "concept-drift": {"retrain"},
    "none": {"nothing-wrong", "not-the-model"},
}
"""Right reasons by what was wrong."""


@pytest.fixture(scope="module")
def decided() -> list[Decided]:
    return decide_all()


def test_r23_only_drift_of_users_leads_to_retraining(decided: list[Decided]) -> None:
    assert len(decided) >= 125
    assert [each.run for each in decided if not each.right] == []


@pytest.mark.parametrize("fault", CODES)
def test_r23_the_reason_is_the_right_one(decided: list[Decided], fault: str) -> None:
    codes = {each.answer.code for each in decided if each.fault == fault}
    assert codes and codes <= CODES[fault]


def test_r23_nothing_is_to_do_in_a_quiet_hour(decided: list[Decided]) -> None:
    quiet = [each.answer for each in decided if each.run.endswith("quiet-hour")]
    assert {answer.code for answer in quiet} == {"nothing-wrong"}


def test_r23_what_may_come_back_is_what_training_can_learn(decided: list[Decided]) -> None:
    """Of changed preferences nearly all of the loss; of other users not what users nobody knows took."""
    parts = {each.run: _part(each) for each in decided if each.wanted}
    assert all(part > 0.95 for run, part in parts.items() if "concept-drift" in run)
    assert all(0.3 < part < 0.7 for run, part in parts.items() if "covariate-drift" in run)


def test_r23_a_refusal_says_where_the_loss_is(decided: list[Decided]) -> None:
    (slow,) = (each.answer for each in decided if each.run == "storage-latency-high-1101")
    assert slow.loss
    largest = max(slow.loss.parts, key=lambda part: part.amount)
    assert largest.says == "answers made without the user's features"
    assert sum(part.amount for part in slow.loss.parts) == pytest.approx(slow.loss.before - slow.loss.after)


def _part(each: Decided) -> float:
    assert each.answer.loss
    return each.answer.expected / each.answer.loss.amount
