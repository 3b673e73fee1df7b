"""Faults of the users' behaviour write what the users read, and take back only their own."""

from pathlib import Path

import pytest

from faults import SEVERITIES, Fault, concept_drift, covariate_drift, traffic_surge, world
from services.traffic.behaviour import AS_USUAL, Behaviour, BehaviourFile

FAULTS = (traffic_surge.FAULT, covariate_drift.FAULT, concept_drift.FAULT)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "traffic" / "behaviour.json"
    monkeypatch.setattr(world, "BEHAVIOUR_FILE", file)
    monkeypatch.setattr("faults.world.time.time", lambda: 1000.0)
    return file


def behaviour_at(file: Path, now: float) -> Behaviour:
    found = BehaviourFile(file)
    found.look(now)
    return found.current.model_copy(update={"until": 0.0})


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_users_change_and_are_as_usual_again(file: Path, fault: Fault, severity: str) -> None:
    fault.keep(severity, 0)
    assert behaviour_at(file, 1001) != AS_USUAL
    fault.mend()
    assert behaviour_at(file, 1001) == AS_USUAL
    assert not file.exists()


def test_what_nobody_renews_ends_by_itself(file: Path) -> None:
    traffic_surge.keep("high", 0)
    assert behaviour_at(file, 1000 + world.GOOD_FOR - 1).rate_factor == traffic_surge.FACTORS["high"]
    assert behaviour_at(file, 1000 + world.GOOD_FOR + 1) == AS_USUAL


def test_two_faults_share_the_file(file: Path) -> None:
    traffic_surge.keep("low", 0)
    concept_drift.keep("high", 0)
    both = behaviour_at(file, 1001)
    assert (both.rate_factor, both.taste_shift) == (2.0, 0.7)
    traffic_surge.mend()
    assert behaviour_at(file, 1001) == Behaviour(taste_shift=0.7)


def test_what_has_expired_does_not_come_back(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    traffic_surge.keep("high", 0)
    monkeypatch.setattr("faults.world.time.time", lambda: 2000.0)
    concept_drift.keep("low", 0)
    assert behaviour_at(file, 2001) == Behaviour(taste_shift=0.1)


def test_mending_what_is_not_broken_changes_nothing(file: Path) -> None:
    for fault in FAULTS:
        fault.mend()
    assert not file.exists()
