"""Whom a verdict blames, and the way there from the service whose users notice."""

import pytest

from diagnosis import Verdict
from diagnosis.packs.recommender.entities import FEATURES, HOST, MODEL, PATHS, RECOMMENDER, STORAGE, TOLD_BY
from diagnosis.packs.recommender.hypotheses.catalogue import HYPOTHESES
from diagnosis.packs.recommender.signals.catalogue import SIGNALS
from diagnosis.packs.recommender.wording import DERIVED_SIGNALS
from diagnosis.verdict.verdict import Place
from services.demo.storage import artefacts
from tests.unit.diagnosis.packs.recommender.judging import judge
from tests.unit.diagnosis.packs.recommender.scenarios import CAUSES, CONTROLS, UNKNOWN

WAYS = {
    "storage-latency": [RECOMMENDER, STORAGE],
    "storage-outage": [RECOMMENDER, STORAGE],
    "storage-credentials": [RECOMMENDER],
    "stale-features": [RECOMMENDER, STORAGE, FEATURES],
    "bad-model": [RECOMMENDER, MODEL],
    "cpu-starvation": [RECOMMENDER, HOST],
    "traffic-surge": [RECOMMENDER],
}


def severe(cause: str) -> Verdict:
    return judge(CAUSES[cause][1](13))


def told(verdict: Verdict, entity: Place) -> list[tuple[str, float, float]]:
    """What the evidence says of an entity's requests: unit, before and after."""
    known = (s for s in verdict.evidence if s.entity == entity)
    return [(s.unit, s.before, s.after) for s in known if s.before is not None and s.after is not None]


@pytest.mark.parametrize(("cause", "way"), WAYS.items())
def test_the_path_leads_from_where_users_notice_to_what_is_at_fault(cause: str, way: list[Place]) -> None:
    found = severe(cause)
    assert found.cause == cause
    assert found.path == way
    assert found.entity == way[-1]


def test_without_a_cause_nothing_is_blamed_but_where_to_look_first() -> None:
    unknown = judge(UNKNOWN["ranking became slow"](21))
    assert (unknown.cause, unknown.path, unknown.entity) == ("unknown", [RECOMMENDER], RECOMMENDER)
    calm = judge(CONTROLS["nothing"](21))
    assert (calm.cause, calm.path, calm.entity) == ("none", [], None)


@pytest.mark.parametrize(("cause", "unit"), [("storage-latency", "s"), ("storage-errors", "share")])
def test_the_evidence_says_how_much_slower_or_more_often_storage_fails(cause: str, unit: str) -> None:
    assert any(each == unit and after > 2 * before for each, before, after in told(severe(cause), STORAGE))


@pytest.mark.parametrize("cause", ["bad-model", "storage-latency"])
def test_the_evidence_says_how_much_worse_users_are_served(cause: str) -> None:
    found = severe(cause)
    assert ("share", found.measure_before, found.measure_after) in told(found, RECOMMENDER)


def test_every_component_has_an_entity_and_every_signal_of_one_is_known() -> None:
    assert {hypothesis.component for hypothesis in HYPOTHESES} == PATHS.keys()
    assert TOLD_BY.keys() <= {signal.name for signal in SIGNALS} | DERIVED_SIGNALS.keys()


def test_the_model_is_the_one_that_is_watched() -> None:
    assert MODEL.name == f"{artefacts.MODEL}@{artefacts.SERVICE}"
