"""Faults of the users' behaviour write what the users read, and take back only their own."""

from pathlib import Path

import pytest

from faults import SEVERITIES, Fault
from faults.users import behaviour, concept_drift, covariate_drift, traffic_surge
from services.demo.traffic.behaviour import AS_USUAL, Behaviour, BehaviourFile

FAULTS = (traffic_surge.FAULT, covariate_drift.FAULT, concept_drift.FAULT)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "traffic" / "behaviour.json"
    monkeypatch.setattr(behaviour, "BEHAVIOUR_FILE", file)
    monkeypatch.setattr("faults.users.behaviour.time.time", lambda: 1000.0)
    return file


@pytest.fixture(autouse=True)
def pressure(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """What the recommender's health check says of a surge: as wanted, unless a test says otherwise."""
    said = {"is": 0}
    monkeypatch.setattr(traffic_surge, "read_pressure", lambda severity: said["is"])
    return said


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
    assert behaviour_at(file, 1000 + behaviour.GOOD_FOR - 1).rate_factor == traffic_surge.FIRST
    assert behaviour_at(file, 1000 + behaviour.GOOD_FOR + 1) == AS_USUAL


def test_as_many_users_come_as_it_takes(file: Path, pressure: dict[str, int]) -> None:
    def last(seconds: int) -> float:
        for _ in range(seconds):
            traffic_surge.keep("high", 0)
        return behaviour_at(file, 1001).rate_factor

    pressure["is"] = -1
    grown = last(10)
    assert traffic_surge.FIRST < grown < last(60) == traffic_surge.MOST
    pressure["is"] = 0
    assert last(5) == traffic_surge.MOST
    pressure["is"] = 1
    assert traffic_surge.FIRST < last(3) < traffic_surge.MOST
    assert last(60) == traffic_surge.FIRST


def test_two_faults_share_the_file(file: Path) -> None:
    traffic_surge.keep("low", 0)
    concept_drift.keep("high", 0)
    both = behaviour_at(file, 1001)
    assert (both.rate_factor, both.taste_shift) == (traffic_surge.FIRST, 0.7)
    traffic_surge.mend()
    assert behaviour_at(file, 1001) == Behaviour(taste_shift=0.7)


def test_what_has_expired_does_not_come_back(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    traffic_surge.keep("high", 0)
    monkeypatch.setattr("faults.users.behaviour.time.time", lambda: 2000.0)
    concept_drift.keep("low", 0)
    assert behaviour_at(file, 2001) == Behaviour(taste_shift=0.1)


def test_mending_what_is_not_broken_changes_nothing(file: Path) -> None:
    for fault in FAULTS:
        fault.mend()
    assert not file.exists()
