"""The verdict on services of any system: what users notice, where it arises, and why."""

import math
from collections.abc import Iterable, Mapping

from diagnosis.packs.models.engine import Examined, examine_models, is_same
from diagnosis.packs.models.report import report_model
from diagnosis.signals.series import AlignedSeries
from diagnosis.topology.blame import System
from diagnosis.topology.entity import Entity, Kind
from diagnosis.topology.finding import Seen
from diagnosis.topology.losses import Aspect
from diagnosis.topology.ranking import explain_all, rank
from diagnosis.topology.reading import make_directory, read_system
from diagnosis.topology.report import (
    report,
    report_nothing,
    report_silence,
    report_unknown,
    tell_others,
)
from diagnosis.topology.silence import Reason, Silence, find_silence
from diagnosis.topology.symptom import Noticed, find_symptoms
from diagnosis.verdict.verdict import Verdict

FULL_IMPACT = 0.1
"""Rise of the share of failed requests from which it counts fully as impact."""


def examine_services(
    aligned: AlignedSeries, addresses: Mapping[str, str], services: Iterable[str], alerted_at: float | None
) -> Verdict:
    """The verdict on these services, from the results of `diagnosis.topology.queries`."""
    seen = Seen(aligned, read_system(aligned, addresses), make_directory(aligned, addresses))
    symptoms = [Entity(Kind.SERVICE, name) for name in services]
    noticed = _notice_all(aligned, seen.system, symptoms, alerted_at)
    ranked = rank([found for each in noticed for found in explain_all(seen, each)])
    examined = examine_models(seen, [entity.name for entity in symptoms], alerted_at)
    if best := examined.choose(ranked):
        source = best[0].source
        others = [found for found in ranked if source is None or not is_same(found, source)]
        verdict = report_model(seen, best, tell_others(others))
    elif ranked:
        verdict = report(seen, ranked)
    elif noticed:
        verdict = report_unknown(seen, noticed)
    else:
        return _report_calm(seen, symptoms, examined, alerted_at)
    impact = sum(_size(seen.system, each) for each in noticed if each.entity in symptoms) + examined.impact
    return verdict.model_copy(update={"impact": round(impact, 2)})


def _report_calm(seen: Seen, symptoms: list[Entity], examined: Examined, alerted_at: float | None) -> Verdict:
    """The verdict where nothing got worse that is explained."""
    if silence := _find_silence(seen, symptoms):
        return report_silence(silence)
    watched = {case.counts.service for case in examined.cases}
    silent = [
        entity.name for entity in symptoms if entity not in seen.system.served and entity.name not in watched
    ]
    return examined.report_calm(alerted_at) or report_nothing(symptoms, silent, alerted_at)


def _find_silence(seen: Seen, symptoms: list[Entity]) -> Silence | None:
    """That of these services, or lost telemetry of what they depend on."""
    below = sorted(seen.system.topology.closure(symptoms) - set(symptoms))
    for entity in (*symptoms, *below):
        found = find_silence(seen.aligned, seen.system, entity)
        if found and (entity in symptoms or found.reason is Reason.TELEMETRY):
            return found
    return None


def _size(system: System, noticed: Noticed) -> float:
    """How much users notice (0–1): the share of the time that is new, or of FULL_IMPACT that fails."""
    traffic = system.served[noticed.entity]
    values = traffic.seconds if noticed.aspect is Aspect.TIME else traffic.failed
    if values is None:
        return 0.0
    before, after = (traffic.level(values, side) for side in noticed.sides)
    size = 1 - before / after if noticed.aspect is Aspect.TIME else (after - before) / FULL_IMPACT
    return min(1.0, max(0.0, size)) if math.isfinite(size) else 0.0


def _notice_all(
    aligned: AlignedSeries, system: System, symptoms: list[Entity], alerted_at: float | None
) -> list[Noticed]:
    """What got worse at these services; if anything did, at those who call them too."""

    def find(entities: Iterable[Entity]) -> list[Noticed]:
        return [found for each in entities for found in find_symptoms(aligned, system, each, alerted_at)]

    noticed = find(symptoms)
    return noticed + find(sorted(system.topology.callers(symptoms) - set(symptoms))) if noticed else []
