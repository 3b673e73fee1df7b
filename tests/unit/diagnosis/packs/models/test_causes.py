"""Each cause at a watched model at two severities, and what does no harm, from made-up series."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from diagnosis import Verdict
from tests.unit.diagnosis.packs.models.watched import CLIENTS, DECILES, SERVICE, Scoring, mixed
from tests.unit.diagnosis.topology.shop import ONSET, Load

WORSE = {"low": {"old": 0.82, "new": 0.75}, "high": {"old": 0.58, "new": 0.5}}
HIGHER = dict(zip(DECILES, [0.02, 0.03, 0.05, 0.05, 0.1, 0.1, 0.15, 0.15, 0.15, 0.2], strict=True))
HIGHEST = {"09": 0.2, "10": 0.8}
ABOVE = {"10": 0.4, "above": 0.6}
OVER = {"above": 0.95, "10": 0.05}
CALM = Scoring()
USED = CALM.feature("@prediction", after=HIGHER)
SHARE = {"low": 0.3, "high": 1.0}
SEEDS = range(3)


def worse(scoring: Scoring, severity: str) -> Scoring:
    return replace(scoring, right_since=WORSE[severity])


def unit(severity: str) -> Scoring:
    share = SHARE[severity]
    size = (50.0, 50 * (1 - share) + 5_000 * share)
    return worse(USED.feature("amount", after=mixed(DECILES, OVER, share), size=size), severity)


def smaller_unit(severity: str) -> Scoring:
    return worse(USED.feature("orders", after={"below": 0.9, "01": 0.1}, size=(8.0, 0.08)), severity)


def faulty(kind: str, feature: str = "orders", least: float = 0.3) -> Mapping[str, Scoring]:
    before = CLIENTS if feature == "client" else DECILES
    return {
        severity: worse(USED.feature(feature, after=mixed(before, {kind: 1.0}, max(share, least))), severity)
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
            "low": worse(USED.feature("orders", after=HIGHER, size=(8.0, 10.0)), "low"),
            "high": worse(
                USED.feature("orders", after=mixed(HIGHER, HIGHEST, 0.3), size=(8.0, 13.0)), "high"
            ),
        },
        ("data", "feature-drift"),
        {"feature": "orders"},
    ),
    "inputs together": (
        {s: worse(USED.feature("@inputs", after=HIGHER), s) for s in SHARE},
        ("data", "inputs-drift"),
        {},
    ),
    "drift, and inputs together": (
        {
            s: worse(
                USED.feature("orders", after=HIGHER, size=(8.0, 10.0)).feature("@inputs", after=ABOVE), s
            )
            for s in SHARE
        },
        ("data", "feature-drift"),
        {"feature": "orders"},
    ),
    "drifted segment": (
        {
            "low": replace(
                USED.feature("amount", segments={"new": HIGHER}), right_since={"old": 0.92, "new": 0.65}
            ),
            "high": replace(
                USED.feature("amount", segments={"new": ABOVE}), right_since={"old": 0.92, "new": 0.5}
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
    "inputs together": CALM.feature("@inputs", after=HIGHER),
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
