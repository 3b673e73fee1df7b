from collections import Counter
from pathlib import Path

import pytest

from bench.incidents.scenario import DOMAINS, ScenarioError, load_scenarios
from faults.catalogue import FAULTS


def test_the_reported_draws_are_as_many_as_promised() -> None:
    reported = load_scenarios(split="report")
    kinds = Counter(scenario.kind for scenario in reported)
    assert kinds["confounded"] >= 6 and kinds["control"] >= 8 and kinds["unknown"] >= 2
    severities = Counter(s.expected.cause for s in reported if s.kind == "fault")
    assert set(severities) == set(DOMAINS) and min(severities.values()) >= 2


def test_no_seed_and_no_stranger_is_both_trained_on_and_reported() -> None:
    train, reported = load_scenarios(split="train"), load_scenarios(split="report")
    assert max(s.seed for s in train) < 100 and min(s.seed for s in reported) >= 1000
    assert all(s.kind != "unknown" for s in train)


def test_the_truth_has_the_faults_there_are() -> None:
    assert {fault.name: fault.domain for fault in FAULTS.values()} == DOMAINS


def test_others_can_draw_their_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text('[{"faults": ["bad-model"], "severities": ["low", "high"], "seeds": [7, 8]}]')
    assert [s.id for s in load_scenarios(file, only="*-8")] == ["bad-model-low-8", "bad-model-high-8"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[{id: a, kind: fault, seed: 1, steps: [{fault: nonsense}]}]", "no fault 'nonsense'"),
        ("[{id: a, kind: fault, seed: 1, steps: [{}]}]", "exactly one"),
        ("[{id: a, kind: fault, seed: 1, expected: {domain: data, cause: bad-model}}]", "no step injects"),
        (
            "[{id: a, kind: control, seed: 1, expected: {domain: data, cause: none}}]",
            "none is of the domain none",
        ),
        (
            "[{id: a, kind: fault, seed: 1, steps: [{fault: concept-drift}, {surge: 2}],"
            " expected: {domain: data, cause: concept-drift}}]",
            "would undo",
        ),
        ("{not a list", "not a list of scenarios"),
    ],
)
def test_a_mistake_is_named_with_its_file(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(text)
    with pytest.raises(ScenarioError, match=rf"wrong.yaml.*{says}"):
        load_scenarios(file)


def test_an_id_is_used_once(tmp_path: Path) -> None:
    file = tmp_path / "twice.yaml"
    control = "{id: a, kind: control, seed: 1, expected: {domain: none, cause: none}}"
    file.write_text(f"[{control}, {control}]")
    with pytest.raises(ScenarioError, match="'a' is used twice"):
        load_scenarios(file)


def test_what_other_stacks_would_feel_runs_alone() -> None:
    alone = {scenario.expected.cause for scenario in load_scenarios() if scenario.alone}
    assert alone == {"cpu-starvation", "traffic-surge"}
