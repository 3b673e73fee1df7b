"""The verdict on services of any system: what users notice, where it arises, and why."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial

from diagnosis.signals.series import AlignedSeries
from diagnosis.topology.addition import Addition, Examined
from diagnosis.topology.blame import System
from diagnosis.topology.entity import Entity, Kind
from diagnosis.topology.finding import Seen
from diagnosis.topology.losses import Aspect
from diagnosis.topology.ranking import Explained, choose_cause, explain_all, rank
from diagnosis.topology.reading import make_directory, read_system
from diagnosis.topology.silence import Reason, Silence, find_silence
from diagnosis.topology.symptom import Noticed, compare_with_peace, find_symptoms
from diagnosis.topology.wording.report import report, report_nothing, report_silence, report_unknown
from diagnosis.verdict.verdict import Verdict

FULL_IMPACT = 0.1
"""Rise of the share of failed requests from which it counts fully as impact."""


def examine_services(
    aligned: AlignedSeries,
    addresses: Mapping[str, str],
    services: Iterable[str],
    alerted_at: float | None,
    additions: Collection[Addition],
) -> Verdict:
    """The verdict on these services, from the results of the queries and of those of the additions."""
    seen = Seen(aligned, read_system(aligned, addresses), make_directory(aligned, addresses))
    symptoms = [Entity(Kind.SERVICE, name) for name in services]
    noticed = _notice_all(aligned, seen.system, symptoms, alerted_at)
    of_kinds = {kind: causes for each in additions for kind, causes in each.causes.items()}
    explain = partial(choose_cause, of_kinds)
    ranked = rank([found for each in noticed for found in explain_all(seen, each, explain)])
    names = [entity.name for entity in symptoms]
    examined = [each.examine(seen, explain, names, alerted_at) for each in additions if each.examine]
    verdict = _report_worse(seen, noticed, ranked, examined)
    if verdict is None:
        return _report_calm(seen, symptoms, examined, alerted_at)
    impact = sum(_size(seen.system, each) for each in noticed if each.entity in symptoms)
    impact += sum(each.impact for each in examined)
    return verdict.model_copy(update={"impact": round(impact, 2)})


def _report_worse(
    seen: Seen, noticed: list[Noticed], ranked: list[Explained], examined: Sequence[Examined]
) -> Verdict | None:
    """The verdict on what got worse; None if nothing did."""
    told = next((found for each in examined if (found := each.report(seen, ranked))), None)
    if told or not noticed:
        return told
    return report(seen, ranked) if ranked else report_unknown(seen, noticed)


def _report_calm(
    seen: Seen, symptoms: list[Entity], examined: Sequence[Examined], alerted_at: float | None
) -> Verdict:
    """The verdict where nothing got worse that is explained."""
    if silence := _find_silence(seen, symptoms):
        return report_silence(silence)
    known = {name for each in examined for name in each.services}
    silent = [
        entity.name for entity in symptoms if entity not in seen.system.served and entity.name not in known
    ]
    told = next((found for each in examined if (found := each.report_calm(alerted_at))), None)
    return told or report_nothing(symptoms, silent, alerted_at)


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
    """What got worse at these services; if anything did, at those who call them too. What lasts, if any."""

    def find(entities: Iterable[Entity]) -> list[Noticed]:
        return [found for each in entities for found in find_symptoms(aligned, system, each, alerted_at)]

    noticed = find(symptoms)
    if noticed:
        noticed += find(sorted(system.topology.callers(symptoms) - set(symptoms)))
    lasting = [each for each in noticed if each.lasts]
    return compare_with_peace(aligned, lasting or noticed)
