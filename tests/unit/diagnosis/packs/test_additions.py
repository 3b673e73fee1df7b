"""What a pack adds to the topology: causes of a kind of suspects, queries, and verdicts of its own."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import pytest

from diagnosis import Evidence, Verdict
from diagnosis.packs.catalogue import ADDITIONS
from diagnosis.packs.models.queries import COUNTS
from diagnosis.signals.series import AlignedSeries
from diagnosis.topology.addition import Addition
from diagnosis.topology.causes import Cause
from diagnosis.topology.engine import examine_services
from diagnosis.topology.finding import Seen
from diagnosis.topology.ranking import Explain, Explained
from diagnosis.verdict.verdict import Domain
from tests.unit.diagnosis.packs.llm.test_llm import LONGER
from tests.unit.diagnosis.packs.models.watched import SERVICE, Scoring
from tests.unit.diagnosis.topology.shop import ADDRESSES, ALERTED, SHOP
from tests.unit.diagnosis.topology.test_engine import SLOW_DATABASE

VACUUM = Cause("vacuum", "infrastructure", lambda finding: 1.0, "{suspect} tidies up.", "Wait.")


@dataclass(frozen=True)
class Reader:
    """It knows `services`, and says that a page is missing if it is surer of that than others are."""

    confidence: float
    services: Collection[str] = ("gateway",)
    impact: float = 0.25

    def report(self, seen: Seen, others: Sequence[Explained]) -> Verdict | None:
        surest = max((each.confidence for each in others), default=0.0)
        return self._say("data", "missing-page") if self.confidence > surest else None

    def report_calm(self, alerted_at: float | None) -> Verdict | None:
        return self._say("none", "none")

    def examine(
        self, seen: Seen, explain: Explain, services: Collection[str], alerted_at: float | None
    ) -> "Reader":
        return replace(self, services=services)

    def _say(self, domain: Domain, cause: str) -> Verdict:
        return Verdict(domain=domain, cause=cause, confidence=self.confidence, summary="All was read.")


def adding(reader: Reader) -> Addition:
    return Addition(lambda asked: {}, examine=reader.examine)


def judge(evidence: Evidence, service: str, *additions: Addition) -> Verdict:
    return examine_services(AlignedSeries(evidence), ADDRESSES, [service], ALERTED, additions)


@pytest.mark.parametrize(("kind", "cause"), [("database", "vacuum"), ("cache", "dependency-slow")])
def test_suspects_of_a_kind_have_the_causes_of_the_pack_that_knows_it(kind: str, cause: str) -> None:
    addition = Addition(lambda asked: {}, causes={kind: (VACUUM,)})
    assert judge(SLOW_DATABASE.evidence(), "gateway", addition).cause == cause


def test_who_is_surer_has_the_verdict() -> None:
    found = judge(SLOW_DATABASE.evidence(), "gateway", adding(Reader(1.0)))
    assert found.cause == "missing-page"
    assert found.impact > 0.25
    assert judge(SLOW_DATABASE.evidence(), "gateway", adding(Reader(0.1))).cause == "dependency-slow"


def test_where_nothing_got_worse_an_addition_that_knows_the_service_says_so() -> None:
    assert judge(SHOP.evidence(), "gateway", adding(Reader(0.0))).summary == "All was read."


def test_without_its_pack_a_language_model_is_a_dependency_as_any_other() -> None:
    assert judge(LONGER.evidence(), "assistant", *ADDITIONS).cause == "llm-longer-answers"
    assert judge(LONGER.evidence(), "assistant").cause == "dependency-slow"


def test_without_its_pack_nothing_is_known_of_a_watched_model() -> None:
    scoring = Scoring().feature("amount", after={"10": 1.0}).evidence()
    only = scoring.model_copy(update={"series": {COUNTS: scoring.series[COUNTS]}})
    assert "no telemetry" in judge(only, SERVICE).summary
    assert "no telemetry" not in judge(only, SERVICE, *ADDITIONS).summary
