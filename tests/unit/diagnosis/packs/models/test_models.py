"""What a verdict on a watched model says, of itself and of the services that it depends on."""

from dataclasses import replace

import numpy as np
import pytest

from diagnosis import diagnose
from diagnosis.packs.llm.signals import ask_llms
from diagnosis.packs.models.queries import COUNTS, FEATURES, NAME, ask_models
from diagnosis.sources.evidence import Labelled
from prometheus.series.models import FEATURE_VALUES, PREDICTIONS
from prometheus.series.recorded import MODEL_MEASURE
from tests.unit.diagnosis.packs.models.test_causes import (
    CALM,
    CONTROLS,
    HIGHER,
    OVER,
    SHARE,
    USED,
    failing,
    faulty,
    unit,
    worse,
)
from tests.unit.diagnosis.packs.models.watched import DECILES, SERVICE
from tests.unit.diagnosis.topology.shop import ALERTED, ONSET, START, Load


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
    late = USED.feature("amount", after=OVER, size=(50.0, 5_000.0))
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


def test_a_source_that_may_be_locked_is_no_surer_than_without_a_model() -> None:
    loads = {
        (SERVICE,): Load(10, 0.02, later_seconds=0.07),
        (SERVICE, "postgresql"): Load(10, 0.002, later_seconds=0.052, later_fastest=0.002),
    }
    found = replace(faulty("missing")["high"], loads=loads).verdict()
    assert (found.cause, found.confidence) == ("dependency-locked", 0.6)
    assert all(other.confidence <= 0.6 for other in found.alternatives)


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


def test_labels_of_long_ago_do_not_tell_of_inputs_that_moved_now() -> None:
    ago = replace(worse(CALM, "high"), delay=0.0, delay_since=0.0)
    evidence = ago.evidence()
    hour = [each for each in evidence.series[COUNTS] if each.labels[NAME] == MODEL_MEASURE.name]
    for each in hour:
        each.values[:, 1] = 3_600.0
    found = diagnose(evidence, {}, [SERVICE], alerted_at=ALERTED)
    assert found.cause == "concept-drift"
    assert found.confidence <= 0.5


def test_an_alert_long_before_the_onset_is_not_explained_by_it() -> None:
    assert unit("high").verdict(alerted_at=START + 200).domain == "unknown"


def test_with_language_models_there_are_fewer_than_thirty_queries() -> None:
    assert 22 + len(ask_models(900)) + len(ask_llms()) < 30


@pytest.mark.parametrize(("alerted_after", "is_told"), [(230.0, True), (590.0, False)])
def test_predictions_that_came_again_long_before_the_alert_are_not_what_it_is_about(
    alerted_after: float, is_told: bool
) -> None:
    evidence = CALM.evidence()
    for each in evidence.series[COUNTS]:
        if each.labels[NAME] == PREDICTIONS.name:
            since = each.values[:, 0] - START
            counted = np.interp(
                np.where(since > 220, since - 120, np.minimum(since, 100)), since, each.values[:, 1]
            )
            each.values[:, 1] = counted
    found = diagnose(evidence, {}, [SERVICE], alerted_at=START + alerted_after)
    assert (found.cause == "predictions-gone") is is_told


def test_a_feature_that_moves_after_the_reference_was_changed_is_named() -> None:
    evidence = unit("high").evidence()
    changed = START + 200
    features: list[Labelled] = []
    for each in evidence.series[FEATURES]:
        if each.labels[NAME] != FEATURE_VALUES.name:
            features.append(each)
            continue
        former, since = (
            each.values[side] for side in (each.values[:, 0] < changed, each.values[:, 0] >= changed)
        )
        anew = np.column_stack([since[:, 0], since[:, 1] - former[-1, 1]])
        for reference, values in (("former", former), (each.labels["reference"], anew)):
            features.append(Labelled(labels={**each.labels, "reference": reference}, values=values))
    evidence = evidence.model_copy(update={"series": {**evidence.series, FEATURES: features}})
    found = diagnose(evidence, {}, [SERVICE], alerted_at=ALERTED)
    assert (found.cause, found.feature) == ("unit-change", "amount")
