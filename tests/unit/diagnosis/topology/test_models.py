"""Verdicts on a made-up service that watches a model, from nothing but its series."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from diagnosis import Verdict
from diagnosis.topology.llm_signals import ask_llms
from diagnosis.topology.models.queries import ask_models
from tests.unit.diagnosis.topology.shop import ONSET, START, Load
from tests.unit.diagnosis.topology.watched import CLIENTS, DECILES, SERVICE, Scoring, mixed

WORSE = {"low": {"old": 0.82, "new": 0.75}, "high": {"old": 0.58, "new": 0.5}}
HIGHER = dict(zip(DECILES, [0.02, 0.03, 0.05, 0.05, 0.1, 0.1, 0.15, 0.15, 0.15, 0.2], strict=True))
HIGHEST = {"09": 0.2, "10": 0.8}
ABOVE = {"10": 0.4, "above": 0.6}
OVER = {"above": 0.95, "10": 0.05}
CALM = Scoring()
FELT = CALM.feature("@prediction", after=HIGHER)
SHARE = {"low": 0.3, "high": 1.0}
SEEDS = range(3)


def worse(scoring: Scoring, severity: str) -> Scoring:
    return replace(scoring, right_since=WORSE[severity])


def unit(severity: str) -> Scoring:
    share = SHARE[severity]
    size = (50.0, 50 * (1 - share) + 5_000 * share)
    return worse(FELT.feature("amount", after=mixed(DECILES, OVER, share), size=size), severity)


def smaller_unit(severity: str) -> Scoring:
    return worse(FELT.feature("orders", after={"below": 0.9, "01": 0.1}, size=(8.0, 0.08)), severity)


def faulty(kind: str, feature: str = "orders", least: float = 0.3) -> Mapping[str, Scoring]:
    before = CLIENTS if feature == "client" else DECILES
    return {
        severity: worse(FELT.feature(feature, after=mixed(before, {kind: 1.0}, max(share, least))), severity)
        for severity, share in SHARE.items()
    }


def failing(scoring: Scoring, error_type: str) -> Scoring:
    """With a store of features that fails half of the calls; the service makes up for it."""
    loads = {
        (SERVICE,): Load(10, 0.02),
        (SERVICE, "redis"): Load(10, 0.002, failed=0.5, error_type=error_type),
    }
    return replace(scoring, loads=loads)


FAULTS: Mapping[str, tuple[Mapping[str, Scoring], tuple[str, str], Mapping[str, str]]] = {
    "unit": ({s: unit(s) for s in SHARE}, ("data", "unit-change"), {"feature": "amount"}),
    "smaller unit": ({s: smaller_unit(s) for s in SHARE}, ("data", "unit-change"), {"feature": "orders"}),
    "missing": (faulty("missing"), ("data", "missing-feature"), {"feature": "orders"}),
    "wrong type": (faulty("wrong_type"), ("data", "wrong-type"), {"feature": "orders"}),
    "unseen": (faulty("unseen", "client"), ("data", "unseen-category"), {"feature": "client"}),
    "infinite": (faulty("infinite"), ("data", "infinite-values"), {"feature": "orders"}),
    "out of range": (faulty("above"), ("data", "out-of-range"), {"feature": "orders"}),
    "constant": (faulty("01", least=1.0), ("data", "constant-feature"), {"feature": "orders"}),
    "drift": (
        {
            "low": worse(FELT.feature("orders", after=HIGHER, size=(8.0, 10.0)), "low"),
            "high": worse(
                FELT.feature("orders", after=mixed(HIGHER, HIGHEST, 0.3), size=(8.0, 13.0)), "high"
            ),
        },
        ("data", "feature-drift"),
        {"feature": "orders"},
    ),
    "drifted segment": (
        {
            "low": replace(
                FELT.feature("amount", segments={"new": HIGHER}), right_since={"old": 0.92, "new": 0.65}
            ),
            "high": replace(
                FELT.feature("amount", segments={"new": ABOVE}), right_since={"old": 0.92, "new": 0.5}
            ),
        },
        ("data", "*"),
        {"feature": "amount", "segment": "new"},
    ),
    "release": (
        {s: replace(unit(s), release="1.1") for s in SHARE},
        ("release", "unit-change"),
        {"feature": "amount", "version": "1.1"},
    ),
    "relation": ({s: worse(CALM, s) for s in SHARE}, ("model", "concept-drift"), {}),
    "version": (
        {s: worse(replace(CALM, version="2"), s) for s in SHARE},
        ("release", "version-worse"),
        {"version": "2"},
    ),
    "version of some": (
        {s: worse(replace(CALM, version="2", taken_over=0.5), s) for s in SHARE},
        ("release", "version-worse"),
        {"version": "2"},
    ),
    "leak": (
        {s: worse(replace(CALM, version="2", leaked=True), s) for s in SHARE},
        ("model", "leaked-feature"),
        {"version": "2", "feature": "disputes"},
    ),
    "biased segment": (
        {
            "low": replace(CALM, right_since={"old": 0.92, "new": 0.65}),
            "high": replace(CALM, right_since={"old": 0.92, "new": 0.5}),
        },
        ("model", "biased-segment"),
        {"segment": "new"},
    ),
    "calibration": (
        {s: replace(CALM, scores_off=(0.0, off)) for s, off in (("low", 0.3), ("high", 0.4))},
        ("model", "miscalibrated"),
        {},
    ),
    "labels late": (
        {s: replace(CALM, delay_since=d) for s, d in (("low", 160), ("high", 1_200))},
        ("telemetry", "*"),
        {},
    ),
    "labels lost": (
        {s: replace(CALM, labelled=part) for s, part in (("low", 0.45), ("high", 0.0))},
        ("telemetry", "labels-lost"),
        {},
    ),
    "dropped": (
        {s: replace(CALM, problems={"dropped": rate}) for s, rate in (("low", 1.5), ("high", 10))},
        ("telemetry", "observations-dropped"),
        {},
    ),
    "unmatched labels": (
        {
            "low": replace(CALM, problems={"label_of_unknown_id": 3.0}, labelled=0.7),
            "high": replace(CALM, problems={"label_of_unknown_id": 9.0}, labelled=0.1),
        },
        ("telemetry", "labels-unmatched"),
        {},
    ),
    "mix": (
        {
            s: replace(CALM, right={"old": 0.95, "new": 0.6}, mix_since={"old": old, "new": 1 - old})
            for s, old in (("low", 0.45), ("high", 0.1))
        },
        ("traffic", "segment-mix"),
        {"segment": "new"},
    ),
    "gone": (
        {s: replace(CALM, rate_since=rate) for s, rate in (("low", 2.0), ("high", 0.0))},
        ("traffic", "predictions-gone"),
        {},
    ),
}
"""By severity; domain and cause, `*` for any; and what is named."""


def named(found: Verdict) -> dict[str, str]:
    fields = {name: getattr(found, name) for name in ("feature", "segment", "version")}
    return {name: value for name, value in fields.items() if value}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("severity", SHARE)
@pytest.mark.parametrize("fault", FAULTS)
def test_the_cause_of_each_fault_is_named(fault: str, severity: str, seed: int) -> None:
    scorings, (domain, cause), what = FAULTS[fault]
    found = replace(scorings[severity], seed=seed).verdict()
    assert (found.domain, found.cause if cause != "*" else "*") == (domain, cause)
    assert named(found) == what
    assert found.confidence >= 0.4
    assert found.model == "fraud"
    assert [place.name for place in found.path] == ["fraud@scoring"]
    assert found.remedy
    assert "nan" not in f"{found.summary} {[each.statement for each in found.evidence]}"


SHORT_WAYS = [fault for fault in FAULTS if FAULTS[fault][1][0] in ("data", "model", "release")]


@pytest.mark.parametrize("fault", SHORT_WAYS)
def test_the_onset_is_found_within_half_a_minute_and_shown(fault: str) -> None:
    found = FAULTS[fault][0]["high"].verdict()
    assert found.onset is not None
    assert abs(found.onset - ONSET) <= 30
    assert all(len(each.points) > 10 for each in found.evidence if each.before is not None)
    assert all('model_name="fraud"' in each.query for each in found.evidence)


CONTROLS: Mapping[str, Scoring] = {
    "nothing": CALM,
    "harmless version": replace(CALM, version="2"),
    "harmless version of some": replace(CALM, version="2", taken_over=0.3),
    "better version of some": replace(
        CALM, version="2", taken_over=0.5, right_since={"old": 0.99, "new": 0.97}
    ),
    "unused feature": CALM.feature("client", after={"ios": 0.9, "android": 0.05, "web": 0.05}),
    "restart": replace(CALM, restarted=True),
    "more traffic": replace(CALM, rate_since=25.0),
    "a little less traffic": replace(CALM, rate_since=7.0),
    "labels a little later": replace(CALM, delay_since=40.0),
    "few labels": replace(CALM, labelled=0.9),
    "a slow dependency": replace(
        CALM, loads={(SERVICE,): Load(10, 0.02), (SERVICE, "redis"): Load(10, 0.002, later_seconds=0.003)}
    ),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("alerted", [True, False])
def test_nobody_is_blamed_for_what_does_no_harm(control: str, alerted: bool, seed: int) -> None:
    scoring = replace(CONTROLS[control], seed=seed)
    found = scoring.verdict() if alerted else scoring.verdict(alerted_at=None)
    assert found.domain in (("none", "unknown") if alerted else ("none",)), found.summary
    assert found.impact == 0


def test_an_alert_on_a_model_that_did_not_move_is_unknown_and_not_none() -> None:
    found = CALM.verdict()
    assert (found.domain, found.cause) == ("unknown", "unknown")
    assert "fraud" in found.summary


def test_an_input_that_moves_and_does_no_harm_is_named_in_none() -> None:
    found = CONTROLS["unused feature"].verdict()
    assert (found.domain, found.feature) == ("none", "client")
    assert "as ever" in found.summary


def test_an_input_that_has_long_been_another_is_named_where_nothing_moved() -> None:
    long = replace(CALM.features["orders"], before=HIGHER, reference=DECILES)
    found = replace(CALM, features={**CALM.features, "orders": long}).verdict()
    assert (found.domain, found.feature) == ("unknown", "orders")
    assert "that began earlier" in found.summary


def test_without_labels_it_is_said_that_they_are_missing() -> None:
    silent = replace(CALM, delay=9_999.0, delay_since=9_999.0)
    assert "labels" in silent.verdict().summary and "label(" in silent.verdict().remedy
    calm = silent.verdict(alerted_at=None)
    assert calm.domain == "none" and calm.confidence <= 0.6


def test_inputs_tell_while_labels_are_not_in() -> None:
    late = FELT.feature("amount", after=OVER, size=(50.0, 5_000.0))
    found = replace(late, delay=9_999.0, delay_since=9_999.0).verdict()
    assert (found.cause, found.feature) == ("unit-change", "amount")
    assert "not known yet" in found.summary


@pytest.mark.parametrize("severity", SHARE)
@pytest.mark.parametrize(
    ("error_type", "cause"),
    [("ConnectionRefusedError", "dependency-unreachable"), ("AuthenticationError", "credentials-refused")],
)
def test_features_that_are_missing_because_their_source_fails_are_its_fault(
    severity: str, error_type: str, cause: str
) -> None:
    found = failing(faulty("missing")[severity], error_type).verdict()
    assert (found.domain, found.cause) == ("infrastructure", cause)
    assert [place.name for place in found.path] == ["fraud@scoring", "scoring", "redis@features:6379"]
    assert found.entity == found.path[-1]
    assert found.feature == "orders"
    assert found.confidence > 0.7
    assert "`orders`" in found.summary
    assert {each.entity.name for each in found.evidence if each.entity} >= {
        "fraud@scoring",
        "redis@features:6379",
    }


def test_a_source_that_is_too_slow_for_features_is_at_fault_for_both() -> None:
    loads = {
        (SERVICE,): Load(10, 0.02, later_seconds=0.07),
        (SERVICE, "redis"): Load(10, 0.002, later_seconds=0.052),
    }
    found = replace(faulty("missing")["low"], loads=loads).verdict()
    assert (found.domain, found.cause) == ("infrastructure", "dependency-slow")
    assert [place.name for place in found.path] == ["fraud@scoring", "scoring", "redis@features:6379"]


def test_a_source_that_fails_is_not_at_fault_for_a_relation() -> None:
    assert failing(worse(CALM, "high"), "ConnectionRefusedError").verdict().cause == "concept-drift"


def test_labels_and_predictions_that_a_failing_service_does_not_take_are_its_fault() -> None:
    for scoring in (replace(CALM, labelled=0.2), replace(CALM, rate_since=1.0)):
        assert scoring.verdict().cause in ("labels-lost", "predictions-gone")
        found = replace(scoring, loads={(SERVICE,): Load(10, 0.02, failed=0.5)}).verdict()
        assert found.cause == "service-failing"


def test_the_onset_is_that_of_the_predictions_and_not_of_their_labels() -> None:
    found = replace(worse(CALM, "high"), delay=90.0, delay_since=90.0).verdict()
    assert found.onset is not None
    assert abs(found.onset - ONSET) <= 15


def test_a_source_that_failed_long_before_is_not_at_fault() -> None:
    calm = faulty("missing")["high"]
    loads = {(SERVICE,): Load(10, 0.02), (SERVICE, "redis"): Load(10, 0.002, later_seconds=0.002)}
    assert replace(calm, loads=loads).verdict().cause == "missing-feature"


def test_the_parts_of_segments_sum_to_what_was_lost() -> None:
    mixed_up = replace(
        unit("high"), mix_since={"old": 0.4, "new": 0.6}, right_since={"old": 0.6, "new": 0.4}
    ).verdict()
    assert mixed_up.measure == "Accuracy"
    assert mixed_up.measure_before is not None and mixed_up.measure_after is not None
    change = 100 * (mixed_up.measure_after - mixed_up.measure_before)
    parts = [part for part in mixed_up.decomposition if part.dimension == "segment"]
    assert {part.part for part in parts} == {"mix", "within"}
    assert sum(part.points for part in parts) == pytest.approx(change, abs=0.01)
    within = -sum(part.points for part in parts if part.part == "within")
    assert (
        f"{within:.1f} of the {-change:.1f} points are lost within the segments, the rest by"
        in mixed_up.summary
    )


def test_what_a_feature_explains_is_not_made_up_where_quality_is_not_told_by_segment() -> None:
    alone = {"all of them": 1.0}
    found = replace(
        unit("high"), mix=alone, right={"all of them": 0.9}, right_since={"all of them": 0.5}
    ).verdict()
    assert found.cause == "unit-change"
    assert "is not known" in found.summary


@pytest.mark.parametrize(("since", "severity"), [(4.2, "low"), (9.0, "high")])
def test_a_regressor_is_judged_by_its_error(since: float, severity: str) -> None:
    found = replace(unit(severity), errors=(3.0, since)).verdict()
    assert (found.cause, found.measure) == ("unit-change", "MAE")
    assert "MAE of fraud rose by" in found.summary
    assert found.decomposition == []


def test_a_changed_relation_is_less_sure_where_nothing_is_known_of_the_inputs() -> None:
    found = replace(worse(CALM, "high"), features={}).verdict()
    assert found.cause == "concept-drift"
    assert found.confidence <= 0.5


def test_an_alert_long_before_the_onset_is_not_explained_by_it() -> None:
    assert unit("high").verdict(alerted_at=START + 200).domain == "unknown"


def test_with_language_models_there_are_fewer_than_thirty_queries() -> None:
    assert 22 + len(ask_models(900)) + len(ask_llms()) < 30
