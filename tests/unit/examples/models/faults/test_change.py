"""What is wrong with cases while a change is in force, and that it ends."""

import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from examples.checkout.payments import CHECKOUT
from examples.deliveries.parcels import DELIVERIES
from examples.models.cases import Case, happen
from examples.models.faults.change import Change, Changes


def draw(example: Any = CHECKOUT, number: int = 2000, **fields: Any) -> list[Case]:
    random = Random(3)
    change = Change(**fields)
    return [happen(example, change, random) for _ in range(number)]


def mean(cases: list[Case], feature: str, segment: str = "") -> float:
    values = [float(case.sent[feature]) for case in cases if segment in ("", case.segment)]
    return sum(values) / len(values)


def test_the_same_seed_makes_the_same_cases() -> None:
    assert draw(number=5) == draw(number=5)


def test_another_unit_is_sent_and_does_not_change_the_outcome() -> None:
    usual, cents = draw(), draw(multiply={"amount": 100})
    assert mean(cents, "amount") == pytest.approx(100 * mean(usual, "amount"), rel=1e-6)
    assert [case.outcome for case in usual] == [case.outcome for case in cents]


def test_a_feature_is_not_sent_by_a_share() -> None:
    cases = draw(omit=["orders"], share=0.4)
    assert sum("orders" not in case.sent for case in cases) / len(cases) == pytest.approx(0.4, abs=0.04)


def test_growth_is_in_one_segment_and_moves_its_outcomes() -> None:
    usual, grown = draw(), draw(segment="new", grow={"amount": 5})
    assert mean(grown, "amount", "old") == pytest.approx(mean(usual, "amount", "old"), rel=0.15)
    assert mean(grown, "amount", "new") > 4 * mean(usual, "amount", "new")
    assert sum(case.outcome for case in grown) > 1.3 * sum(case.outcome for case in usual)


def test_a_weight_changes_the_outcome_only() -> None:
    usual, flipped = draw(DELIVERIES), draw(DELIVERIES, weigh={"load": -1})
    assert sum(case.outcome for case in flipped) < 0.8 * sum(case.outcome for case in usual)
    assert mean(flipped, "distance") == pytest.approx(mean(usual, "distance"), rel=0.05)


def test_surprises_are_in_one_segment() -> None:
    cases = draw(surprise=True, segment="new")
    assert sum(case.outcome for case in cases if case.segment == "new") > 0.7 * sum(
        case.segment == "new" for case in cases
    )


def test_what_is_known_later_only_is_never_sent() -> None:
    assert not any("disputes" in case.sent for case in draw())
    assert not any("driven" in case.sent for case in draw(DELIVERIES))


def test_a_change_is_read_by_others_and_ends_by_itself(tmp_path: Path) -> None:
    Changes(tmp_path, "checkout").put(Change(fault="x", until=time.time() + 60, rate=2))
    assert Changes(tmp_path, "checkout").now.rate == 2
    assert Changes(tmp_path, "deliveries").now == Change()
    assert Changes(tmp_path, "checkout").end().fault == "x"
    assert Changes(tmp_path, "checkout").now == Change()
    Changes(tmp_path, "checkout").put(Change(fault="x", until=time.time() - 1, rate=2))
    assert Changes(tmp_path, "checkout").now == Change()


def test_a_file_that_is_broken_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "checkout.json").write_text('{"until": 4000000000, "colour": "red"}')
    assert Changes(tmp_path, "checkout").now == Change()
