"""The entries of the table speak of what there is: a word misspelt in one would silently never count."""

import pytest

from diagnosis.packs.recommender.engine import measure
from diagnosis.packs.recommender.hypotheses.catalogue import HYPOTHESES
from diagnosis.packs.recommender.hypotheses.hypothesis import Hypothesis
from diagnosis.packs.recommender.onsets import find_onsets
from diagnosis.packs.recommender.report import Case
from diagnosis.packs.recommender.signals.catalogue import SIGNALS
from diagnosis.signals.series import AlignedSeries
from services.demo.recommender.answers import Reason
from tests.unit.diagnosis.packs.recommender.judging import ALERT_AFTER
from tests.unit.diagnosis.packs.recommender.scenarios import CAUSES


@pytest.fixture(scope="module")
def case() -> Case:
    _, severe = CAUSES["storage-latency"]
    world = severe(1)
    aligned = AlignedSeries(world.evidence())
    values = {signal.name: signal.extract(aligned) for signal in SIGNALS}
    alerted_at = world.onset + ALERT_AFTER
    return measure(aligned, values, find_onsets(aligned, values, alerted_at)[0], alerted_at)


@pytest.mark.parametrize("hypothesis", HYPOTHESES, ids=lambda h: h.cause)
def test_what_it_explains_has_user_impact_and_is_accounted_for(hypothesis: Hypothesis, case: Case) -> None:
    for symptom, portion in hypothesis.explains.items():
        assert portion in case.impact.portions[symptom]


@pytest.mark.parametrize("hypothesis", HYPOTHESES, ids=lambda h: h.cause)
def test_what_it_expects_is_read(hypothesis: Hypothesis, case: Case) -> None:
    expected = {each.signal for each in (*hypothesis.needs, *hypothesis.predicts)}
    excluding = {each.signal for each in hypothesis.excluded_by}
    assert expected | excluding <= case.changes.keys()


@pytest.mark.parametrize("hypothesis", HYPOTHESES, ids=lambda h: h.cause)
def test_its_traces_have_reasons_that_the_recommender_gives(hypothesis: Hypothesis) -> None:
    assert set(hypothesis.reasons) <= {reason.value for reason in Reason}
