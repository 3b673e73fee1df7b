"""What the benchmark of retraining says is what it has counted."""

from bench.retraining.replay import Decided, tabulate
from bench.retraining.simulation import Came, list_drifts, show
from config.retraining import Retraining
from decisions.retraining.judgement import Answer, Measures, judge
from tests.unit.decisions.retraining.verdicts import CHOICES, STORAGE, of_hit_rate


def answer(domain: str, cause: str, factors: dict[str, float]) -> Answer:
    return judge(of_hit_rate(domain, cause, factors), Measures(), (), Retraining(), 0.0)


YES, NO = answer("data", "concept-drift", CHOICES), answer("infrastructure", "storage-latency", STORAGE)


def test_a_wrong_answer_is_counted_as_one() -> None:
    decided = [
        Decided("a", "concept-drift", True, YES),
        Decided("b", "concept-drift", True, NO),
        Decided("c", "storage-latency", False, YES),
        Decided("d", "storage-latency", False, NO),
    ]
    summary, by_fault, runs = tabulate(decided)
    assert [row[1].split(" ")[0] for row in summary.rows] == ["50%", "50%"]
    assert by_fault.rows[0] == ("concept-drift", "2", "1", "not-the-model, retrain")
    assert [row[-1] for row in runs.rows] == ["yes", "NO", "NO", "yes"]


def test_what_came_is_told_by_drift_as_a_part_of_what_was_before() -> None:
    came = Came("concept-drift, high", 4_000, 0.6, 0.3, 0.45, 0.57, 0.62, 0.62, True)
    (row,) = show([came, came._replace(after=0.51, passed=False)]).rows
    assert row[2:8] == ["60.0%", "30.0%", "48.0%", "80%", "100%", "57.0%"]
    assert row[-1].startswith("50% (1/2")


def test_the_drifts_are_those_of_the_fault_injection() -> None:
    assert [drift.name for drift in list_drifts()] == [
        "concept-drift, medium",
        "concept-drift, high",
        "covariate-drift, medium",
        "covariate-drift, high",
    ]
