"""The watched models of the services that are diagnosed: what moved of them, and which cause comes first."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from diagnosis.packs.models.case import SURE, Case
from diagnosis.packs.models.counts import read_models
from diagnosis.packs.models.explaining import explain_model
from diagnosis.packs.models.explanation import CONSEQUENCE, Explanation
from diagnosis.packs.models.report import measure_impact, report_harmless, report_model, report_unmoved
from diagnosis.packs.models.sources import explain_sources
from diagnosis.topology.finding import Seen
from diagnosis.topology.ranking import Explain, Explained
from diagnosis.topology.wording.report import tell_others
from diagnosis.verdict.verdict import Verdict

LEAST = 0.25
"""Confidence from which a cause is told."""


@dataclass(frozen=True)
class Examined:
    """All models of the services, and what explains what moved of them, the surest first."""

    cases: Sequence[Case]
    explained: Sequence[Explanation]

    @property
    def services(self) -> frozenset[str]:
        return frozenset(case.counts.service for case in self.cases)

    @property
    def impact(self) -> float:
        return sum(map(measure_impact, self.cases))

    def report(self, seen: Seen, others: Sequence[Explained]) -> Verdict | None:
        """The verdict where a model's cause comes first, else None."""
        ranked = self._choose(others)
        if not ranked:
            return None
        source = ranked[0].source
        rest = [found for found in others if source is None or not is_same(found, source)]
        return report_model(seen, ranked, tell_others(rest, ranked[0].told))

    def _choose(self, others: Sequence[Explained]) -> list[Explanation]:
        """What is told of models first; nothing if other trouble is surer.

        A source of features is at fault for all that it did: what is told of the model says so, too.
        """
        best = next(iter(self.explained), None)
        if best is None or best.confidence < LEAST:
            return []
        if not others:
            return list(self.explained)
        other = others[0]
        if best.cause.follows and other.confidence >= LEAST:
            return []
        if best.source and is_same(best.source, other):
            return [replace(best, confidence=max(best.confidence, other.confidence)), *self.explained[1:]]
        return list(self.explained) if best.confidence > other.confidence else []

    def report_calm(self, alerted_at: float | None) -> Verdict | None:
        """The verdict where nothing got worse; None without models."""
        for case in self.cases:
            moved = (move for move in case.moves if move.strength > SURE)
            harmless = [move for move in moved if case.knows_quality_since(move.onset)]
            if harmless:
                return report_harmless(case, harmless[0])
        return report_unmoved(self.cases, alerted_at is not None) if self.cases else None


def is_same(one: Explained, other: Explained) -> bool:
    return one.cause is other.cause and one.cause.entity(one.finding) == other.cause.entity(other.finding)


def examine_models(
    seen: Seen, explain: Explain, services: Collection[str], alerted_at: float | None
) -> Examined:
    cases = [Case(counts, alerted_at) for counts in read_models(seen.aligned, services)]
    explained = [found for case in cases for found in _explain(seen, explain, case)]
    return Examined(cases, sorted(explained, key=lambda found: -found.confidence))


def _explain(seen: Seen, explain: Explain, case: Case) -> list[Explanation]:
    """What a source at fault brought about is its consequence."""
    sources = list(explain_sources(seen, explain, case))
    found = explain_model(case)
    if not sources:
        return found
    return [*sources, *(replace(each, confidence=CONSEQUENCE * each.confidence) for each in found)]
