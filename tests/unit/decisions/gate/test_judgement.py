"""What the gate says of cards: each check both ways, and all that is wrong at once."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import Config
from config.gate import GateLimits
from decisions.gate.card import Card, Feature
from decisions.gate.check import Check
from decisions.gate.judgement import Report, judge
from tests.unit.decisions.gate.cards import DESCRIBED, NOW, draw_hits, make_card, sound


def limit(**changes: Any) -> GateLimits:
    return Config.model_validate({"gate": changes}).gate


def look(candidate: Card, live: Card | None = None, **changes: Any) -> Report:
    return judge(candidate, live or make_card(), limit(**changes), NOW)


def find(report: Report, key: str) -> list[Check]:
    return [check for check in report.checks if check.key == key]


def failed(report: Report) -> set[str]:
    return {check.key for check in report.failures}


def test_r22_an_equal_version_passes_every_check() -> None:
    report = look(make_card("new"), quality_kept="100%", segment_kept="100%")
    assert report.passed and report.failures == ()
    assert {check.key for check in report.checks} == set(GateLimits.model_fields) - {
        "confidence",
        "segment_units",
        "data_age",
    }


def test_r22_a_worse_version_is_refused_by_as_much_as_it_is_worse() -> None:
    live, new = make_card(values={"ndcg": [0.5, 0.6] * 200}), make_card(values={"ndcg": [0.4, 0.5] * 200})
    (check,) = find(look(new, live), "quality_kept")
    assert not check.passed and check.limit == 0.9
    assert check.value == pytest.approx(0.45 / 0.55, abs=0.01)
    assert "0.55 → 0.45, 81.8% kept" in check.sentence
    assert f"missed by {100 * (0.9 - (check.value or 0)):.1f} points" in check.sentence


def test_r22_a_version_that_may_be_worse_by_more_than_allowed_is_refused_though_its_mean_is_better() -> None:
    live, new = {"ndcg": [1.0, 0.0] * 10}, {"ndcg": [0.0, 1.0] * 9 + [1.0, 1.0]}
    (check,) = find(look(make_card(values=new), make_card(values=live)), "quality_kept")
    assert sum(new["ndcg"]) > sum(live["ndcg"])
    assert not check.passed


def test_of_losses_a_larger_one_is_worse() -> None:
    live, worse = ({"loss": [value, 2 * value] * 100} for value in (1.0, 1.5))
    before, after = make_card(values=live, lower=True), make_card(values=worse, lower=True)
    (check,) = find(look(after, before), "quality_kept")
    assert not check.passed and check.value == pytest.approx(1 / 1.5, abs=0.01)
    assert look(before, after).passed


def test_r22_a_segment_may_not_pay_for_the_others() -> None:
    segments = ["new"] * 100 + ["old"] * 900
    live = {"hit_rate": [1.0, 0.0] * 500}
    new = {"hit_rate": [1.0, 0.0, 0.0, 0.0] * 25 + [1.0, 0.0] * 450}
    report = look(make_card(values=new, segments=segments), make_card(values=live, segments=segments))
    assert find(report, "quality_kept")[0].passed
    assert {check.name: check.passed for check in find(report, "segment_kept")} == {
        "hit_rate, new": False,
        "hit_rate, old": True,
    }


def test_a_segment_that_is_too_small_is_not_judged_and_says_so() -> None:
    segments = ["new"] * 20 + ["old"] * 380
    live, new = [1.0] * 400, [0.0] * 20 + [1.0] * 380
    cards = [make_card(values={"hit_rate": of}, segments=segments) for of in (new, live)]
    small = find(look(*cards), "segment_kept")[0]
    assert small.passed and "not judged: 20 units, it takes 30" in small.sentence
    assert "segment_kept" in failed(look(*cards, segment_units=20))


def test_where_the_live_version_has_nothing_a_segment_has_nothing_to_lose() -> None:
    cards = [make_card(values={"hit_rate": [0.0] * 100 + draw_hits(0.6)}, segments=["a"] * 100 + ["b"] * 400)]
    report = look(*cards, *cards)
    assert report.passed and "there is nothing to lose" in find(report, "segment_kept")[0].sentence


def test_a_few_hits_of_the_live_version_tell_too_little() -> None:
    few, more = ({"hit_rate": [1.0] * hits + [0.0] * (100 - hits)} for hits in (1, 2))
    report = look(make_card(values=more), make_card(values=few))
    (check,) = find(report, "quality_kept")
    assert not check.passed and "too little is known, of 100 units" in check.sentence


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"held_out": "h2"}, "different held-out data"),
        ({"units": tuple(range(1, 401))}, "different held-out data"),
        ({"values": {"mrr": draw_hits(0.6)}}, "has no hit_rate"),
        ({"values": {}}, "was not measured on held-out data"),
    ],
    ids=["data", "users", "metric", "nothing"],
)
def test_r22_what_was_not_measured_on_the_same_is_refused(changes: Mapping[str, Any], said: str) -> None:
    report = look(make_card("new", **changes))
    assert not report.passed
    for key in ("quality_kept", "segment_kept"):
        assert said in find(report, key)[0].sentence
        assert not look(make_card("new", **changes), None, **{key: "off"}).passed


@given(st.permutations(range(12)))
def test_units_are_paired_whatever_their_order(order: list[int]) -> None:
    values = np.arange(12) / 12
    live = make_card(values={"ndcg": values.tolist()})
    new = make_card("new", values={"ndcg": values[order].tolist()}, units=tuple(order))
    (check,) = find(look(new, live), "quality_kept")
    assert check.value == pytest.approx(1.0, abs=1e-6)


FAULTS: list[tuple[str, dict[str, Any], str]] = [
    ("answer_time", {"answer_seconds": 0.08}, "80 ms, at most 50 ms: missed by 30 ms"),
    ("answer_time", {"answer_seconds": None}, "not known"),
    ("size", {"size": 600_000_000}, "600 MB, at most 500 MB: missed by 100 MB"),
    ("size", {"size": None}, "not known"),
    (
        "features_there",
        {"features": {"disputes": Feature(type="number", there=0.4)}},
        "disputes is there for 40.0%, at least 99.0%: missed by 59.0 points",
    ),
    ("features_there", {"features": {}}, "does not say which features"),
    ("schema_kept", {"features": {"amount": Feature(type="text", there=1)}}, "amount is text, not number"),
    ("schema_kept", {"faults": ("model.npz cannot be read",)}, "model.npz cannot be read"),
    (
        "rows_kept",
        {"data": sound(rows=7_000)},
        "10,000 → 7,000, 70.0% kept, at least 80.0%: missed by 10.0 points",
    ),
    ("rows_kept", {"data": None}, "no report of its data set"),
    ("malformed", {"data": sound(malformed=250)}, "2.5%, at most 1.0%: missed by 1.5%"),
    ("malformed", {"data": sound(malformed=None)}, "not known, at most 1.0%"),
    ("duplicates", {"data": sound(duplicates=250)}, "2.5%"),
    ("duplicates", {"data": sound(duplicates=None)}, "not known"),
    ("out_of_range", {"data": sound(out_of_range=250)}, "2.5%"),
    ("out_of_range", {"data": sound(out_of_range=None)}, "not known"),
    (
        "card",
        {"described": {**DESCRIBED, "parameters": {}, "algorithm": "unknown"}},
        "lacks algorithm, parameters",
    ),
]


@pytest.mark.parametrize(
    ("key", "changes", "said"), FAULTS, ids=[f"{key}-{n}" for n, (key, _, _) in enumerate(FAULTS)]
)
def test_r22_a_version_that_cannot_serve_is_refused(key: str, changes: dict[str, Any], said: str) -> None:
    report = look(make_card("new", **changes))
    (check,) = find(report, key)
    assert not check.passed and said in check.sentence
    off: Any = [] if key == "card" else "off" if key != "schema_kept" else False
    assert find(look(make_card("new", **changes), **{key: off}), key) == []


@pytest.mark.parametrize(
    ("changes", "tighter"),
    [
        ({"answer_seconds": 0.02}, {"answer_time": "10ms"}),
        ({"size": 2_000_000}, {"size": "1MB"}),
        ({"features": {"amount": Feature(type="number", there=0.995)}}, {"features_there": "100%"}),
        ({"data": sound(rows=9_000)}, {"rows_kept": "95%"}),
        ({"data": sound(malformed=1)}, {"malformed": 0}),
        ({"data": sound(newest=NOW - 40 * 86_400)}, {"data_age": "30d"}),
        ({"data": sound()}, {"data_age": "30d"}),
        ({}, {"card": ["version", "owner"]}),
        ({"values": {"hit_rate": [0.0] * 12 + draw_hits(0.6)[12:]}}, {"quality_kept": "99%"}),
        ({"values": {"hit_rate": [0.0] * 12 + draw_hits(0.6)[12:]}}, {"segment_kept": "99%"}),
    ],
    ids=lambda value: next(iter(value), ""),
)
def test_limits_can_be_tightened(changes: dict[str, Any], tighter: dict[str, Any]) -> None:
    assert look(make_card("new", **changes)).passed
    assert failed(look(make_card("new", **changes), **tighter)) == set(tighter)


def test_a_live_version_without_a_report_of_its_data_holds_nobody_back() -> None:
    report = look(make_card("new"), make_card(data=None))
    assert report.passed and "is not known" in find(report, "rows_kept")[0].sentence


def test_r22_a_refusal_names_all_that_is_wrong_at_once() -> None:
    bad = make_card(
        "new",
        values={"hit_rate": draw_hits(0.3)},
        size=10**9,
        answer_seconds=1.0,
        features={},
        data=sound(rows=10, malformed=9),
        described={},
    )
    assert failed(look(bad)) == {
        "quality_kept",
        "segment_kept",
        "size",
        "answer_time",
        "features_there",
        "rows_kept",
        "malformed",
        "card",
    }


def test_with_everything_off_everything_passes() -> None:
    off: dict[str, Any] = {
        key: "off" for key in GateLimits.model_fields.keys() - {"confidence", "segment_units"}
    }
    report = look(make_card("new", values={}), None, **off | {"card": [], "schema_kept": False})
    assert report.passed and report.checks == ()
