import math

import pytest

from bench.incidents.outcome import EvidenceCheck, Fired, Outcome
from bench.incidents.scoring import (
    brier_score,
    confuse,
    group_by_confidence,
    score,
    score_calm,
    score_evidence,
)
from bench.incidents.tables import tabulate
from tests.unit.bench.incidents.drawn import answer, draw_outcome


def _runs() -> list[Outcome]:
    return [
        draw_outcome("storage-latency"),
        draw_outcome("storage-jitter", "storage-latency", answer=answer("storage-latency", "storage-jitter")),
        draw_outcome("bad-model", "unknown"),
        draw_outcome("unknown"),
        draw_outcome("concept-drift", alerts=[]),
        draw_outcome("stale-features", impact=None),
        draw_outcome("none"),
        draw_outcome("none", "bad-model", "another-control"),
    ]


def test_a_run_without_impact_is_discarded_and_one_without_an_alert_is_wrong() -> None:
    found = score(_runs())
    assert found.runs == 5
    assert (found.detected.right, found.detected.of) == (4, 5)
    assert (found.domain.right, found.cause.right, found.top3.right) == (3, 2, 3)


def test_unknown_is_an_abstention_only_where_there_was_something_to_know() -> None:
    found = score(_runs())
    assert (found.abstained.right, found.abstained.of) == (1, 3)


def test_delays_are_from_the_injection_and_from_the_first_impact() -> None:
    found = score(_runs())
    assert set(found.from_injection) == {40.0}
    assert set(found.from_impact) == {30.0}


def test_a_control_is_blamed_by_a_cause_and_not_by_none() -> None:
    early = draw_outcome("bad-model", early=[Fired(name="Noise", at=900)], discarded="Noise fired before")
    calm = score_calm([*_runs(), early.model_copy(update={"quiet_seconds": 1800.0})])
    assert (calm.blamed.right, calm.blamed.of) == (1, 2)
    assert calm.alarms == 1
    assert calm.hours == 0.5


def test_cited_evidence_is_counted_of_runs_with_impact() -> None:
    evidence_check = EvidenceCheck(traces_cited=3, traces_found=2, series_cited=4, series_confirmed=4)
    traces, series = score_evidence(
        [
            draw_outcome("bad-model", evidence_check=evidence_check),
            draw_outcome("none", evidence_check=evidence_check),
        ]
    )
    assert (traces.right, traces.of, series.value) == (2, 3, 1.0)


def _sure(cause: str, said: str, confidence: float) -> Outcome:
    given = answer(said).model_copy(update={"confidence": confidence})
    return draw_outcome(cause, answer=given)


def test_confidence_is_held_against_the_truth_and_what_nobody_was_told_is_not() -> None:
    runs = [
        _sure("bad-model", "bad-model", 1.0),
        _sure("bad-model", "concept-drift", 0.96),
        _sure("none", "none", 0.6),
        draw_outcome("concept-drift", alerts=[]),
        draw_outcome("stale-features", impact=None),
    ]
    middling, sure = group_by_confidence(runs)
    assert (middling.least, middling.most, middling.right) == (0.5, 0.8, (1, 1))
    assert (sure.claimed, sure.right) == (0.98, (1, 2))
    assert brier_score(runs) == pytest.approx((0.0 + 0.96**2 + 0.4**2) / 3)


def test_the_confusion_matrix_has_every_run_once() -> None:
    matrix = confuse(_runs())
    assert matrix["storage-jitter", "storage-latency"] == 1
    assert matrix["concept-drift", "no alert"] == 1
    assert sum(matrix.values()) == 7


def test_the_tables_show_misses_and_name_the_discarded() -> None:
    text = "\n".join(table.to_markdown() for table in tabulate(_runs()))
    assert "| stale-features |" in text.split("### Discarded runs")[1]
    row = next(
        line for line in text.splitlines() if line.startswith("| concept-drift |") and "none given" in line
    )
    assert row.split("|")[5].strip() == "no"


def test_no_runs_are_no_score() -> None:
    assert math.isnan(score([]).cause.value)
    assert brier_score([]) is None and group_by_confidence([]) == []
    assert tabulate([])
