"""The verdict on services of any system: what users notice, where it arises, and why."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from diagnosis.signals.series import AlignedSeries, points_of
from diagnosis.sources.evidence import Evidence
from diagnosis.topology.blame import Blame, System, find_blame
from diagnosis.topology.causes import CAUSES, Cause, Measure
from diagnosis.topology.entity import Call, Entity, Kind
from diagnosis.topology.finding import Finding, Seen
from diagnosis.topology.losses import Aspect
from diagnosis.topology.queries import narrow
from diagnosis.topology.reading import make_directory, read_system
from diagnosis.topology.shown import show
from diagnosis.topology.silence import Reason, Silence, find_silence
from diagnosis.topology.symptom import Noticed, find_symptoms
from diagnosis.topology.traffic import Traffic
from diagnosis.verdict.verdict import MOST_POINTS, Alternative, Domain, Place, Statement, Verdict
from prometheus.client import query_range
from prometheus.quantities import write_milliseconds

ALTERNATIVES = 5

LEAST_OF_BOTH = 0.25
"""Part that a slow dependency has in what it and its caller lost, if the caller's own part is its fault."""

LEAST = 0.005
"""Confidence from which another cause is worth a line."""

NOTICED = {Aspect.TIME: "answers late", Aspect.REQUESTS: "fails requests"}
UNITS = {Aspect.TIME: "s", Aspect.REQUESTS: "share"}


SILENCES: Mapping[Reason, tuple[Domain, str, str]] = {
    Reason.TELEMETRY: (
        "telemetry",
        "Its callers are answered as ever, so {name} is well, and its telemetry does not arrive.",
        "Check OTEL_EXPORTER_OTLP_ENDPOINT of {name} and the way from it to the collector.",
    ),
    Reason.DOWN: (
        "infrastructure",
        "The calls to it fail.",
        "Start {name}, and look at the last lines of its log.",
    ),
    Reason.TRAFFIC: (
        "traffic",
        "It still sends telemetry, but nobody calls it.",
        "Look at what is in front of {name}: load balancer, DNS, its callers.",
    ),
    Reason.UNKNOWN: (
        "unknown",
        "Nothing arrives from it: it is down, or its telemetry is lost.",
        "Check whether {name} is running, then the way from it to the collector.",
    ),
}
"""Domain, what is said, and what to do."""


class _Explained(NamedTuple):
    finding: Finding
    cause: Cause
    fit: float
    least: float = 0.0
    """Confidence that it has on other grounds."""

    @property
    def confidence(self) -> float:
        return max(self.least, self.finding.noticed.strength * self.finding.blame.score * self.fit)


def diagnose_services(
    evidence: Evidence,
    addresses: Mapping[str, str],
    services: Iterable[str],
    *,
    alerted_at: float | None = None,
) -> Verdict:
    """The verdict on these services, from the results of `diagnosis.topology.queries`.

    `alerted_at` (Unix seconds) is when an alert on them began to fire; None when nobody was alerted.
    """
    aligned = AlignedSeries(evidence)
    system = read_system(aligned, addresses)
    symptoms = [Entity(Kind.SERVICE, name) for name in sorted(services)]
    silent = [entity.name for entity in symptoms if entity not in system.served]
    noticed = _notice_all(aligned, system, symptoms, alerted_at)
    if not noticed:
        quiet = [found for entity in symptoms if (found := find_silence(aligned, system, entity))]
        return _report_silence(quiet[0]) if quiet else _report_nothing(symptoms, silent, alerted_at)
    seen = Seen(aligned, system, make_directory(aligned, addresses))
    explained = [found for each in noticed for found in _explain_all(seen, each)]
    ranked = _rank(explained)
    return _report(seen, ranked) if ranked else _report_unknown(seen, noticed)


def _notice_all(
    aligned: AlignedSeries, system: System, symptoms: list[Entity], alerted_at: float | None
) -> list[Noticed]:
    """What got worse at these services; if anything did, at those who call them too."""

    def find(entities: Iterable[Entity]) -> list[Noticed]:
        return [found for each in entities for found in find_symptoms(aligned, system, each, alerted_at)]

    noticed = find(symptoms)
    return noticed + find(sorted(system.topology.callers(symptoms) - set(symptoms))) if noticed else []


def _explain_all(seen: Seen, noticed: Noticed) -> list[_Explained]:
    blames = find_blame(seen.system, noticed.entity, noticed.aspect, noticed.sides)
    return _join_waits([_explain(Finding(seen, noticed, blame)) for blame in blames])


def _join_waits(explained: list[_Explained]) -> list[_Explained]:
    """Time that a service loses for no reason of its own is waited for a turn at its slow dependency."""
    found = {each.finding.blame.at: each for each in explained}
    for slow in explained:
        blame = slow.finding.blame
        caller = blame.path[-2] if len(blame.path) > 1 else blame.at
        waits = found.get(caller)
        if blame.aspect is not Aspect.TIME or waits is None or not waits.cause.is_last_resort:
            continue
        other = waits.finding.blame
        if caller != blame.at in found and blame.score >= LEAST_OF_BOTH * (blame.score + other.score):
            joined = replace(blame, share=blame.share + other.share)
            found[blame.at] = slow._replace(finding=replace(slow.finding, blame=joined))
            del found[caller]
    return list(found.values())


def _rank(explained: list[_Explained]) -> list[_Explained]:
    """The surest first; of the same cause, the one with the longest way to it."""
    ranked = sorted(explained, key=lambda found: -found.confidence)
    if not ranked:
        return []
    best = ranked[0]
    path = best.finding.blame.path
    same = [
        each for each in ranked if each.cause is best.cause and each.finding.blame.path[-len(path) :] == path
    ]
    longest = max(same, key=lambda found: len(_path(found)))
    chosen = _Explained(longest.finding, longest.cause, longest.fit, best.confidence)
    return [chosen, *(each for each in ranked if each not in same)]


def _path(found: _Explained) -> tuple[Entity, ...]:
    return found.finding.blame.path


def _explain(finding: Finding) -> _Explained:
    fits = [(cause, cause.fits(finding)) for cause in CAUSES]
    cause, fit = max(fits, key=lambda found: found[1])
    return _Explained(finding, cause, fit)


def _report(seen: Seen, ranked: list[_Explained]) -> Verdict:
    best, others = ranked[0], ranked[1:]
    finding = best.finding
    words = _words(finding)
    entity = best.cause.entity(finding)
    return Verdict(
        domain=best.cause.domain,
        cause=best.cause.name,
        component=str(entity),
        entity=_place(entity),
        path=[_place(each) for each in _cut(finding.blame.path, entity)],
        confidence=round(best.confidence, 3),
        summary=f"{_notice(finding.noticed)} {best.cause.says.format(**words)}",
        onset=finding.noticed.onset,
        evidence=[
            *_state(seen, finding.noticed, finding.blame),
            *_state_measure(finding, best.cause.measure),
        ],
        alternatives=[_alternative(other) for other in others[:ALTERNATIVES] if other.confidence >= LEAST],
        remedy=best.cause.remedy.format(**words),
    )


def _cut(path: Sequence[Entity], end: Entity) -> Sequence[Entity]:
    """The path up to the entity at fault."""
    return path[: path.index(end) + 1] if end in path else path


def _notice(noticed: Noticed) -> str:
    return f"{noticed.entity} {NOTICED[noticed.aspect]}."


def _words(finding: Finding) -> dict[str, str | float]:
    path = finding.blame.path
    call, grown = finding.repeated()
    usual, most = finding.memory()
    cores_before, cores = finding.cpu()
    return {
        "symptom": str(finding.noticed.entity),
        "suspect": str(finding.suspect),
        "caller": str(path[-2] if len(path) > 1 else "its callers"),
        "version": finding.new_version() or "",
        "instance": finding.worst_instance()[0],
        "times": finding.surge(),
        "repeating": str(call.caller) if call else "",
        "repeated": str(call.callee) if call else "",
        "grown": grown,
        "usual": usual / 1e6,
        "most": most / 1e6,
        "pooled": str(finding.well_pooled()[0] or ""),
        "waiting": finding.pool_waiting()[1],
        "cores_before": cores_before,
        "cores": cores,
    }


def _alternative(found: _Explained) -> Alternative:
    share = found.finding.blame.share
    return Alternative(
        cause=f"{found.cause.name}: {found.finding.suspect}",
        confidence=round(found.confidence, 3),
        why_not=f"{share:.0%} of what {found.finding.noticed.entity} lost arises there.",
    )


def _report_silence(silence: Silence) -> Verdict:
    domain, says, remedy = SILENCES[silence.reason]
    name = str(silence.entity)
    return Verdict(
        domain=domain,
        cause=silence.reason,
        component=name,
        entity=_place(silence.entity),
        path=[_place(silence.entity)],
        confidence=0.3 if silence.reason is Reason.UNKNOWN else 0.85,
        summary=f"No requests of {name} are seen any more; there were {silence.usual:.1f} a second. "
        + says.format(name=name),
        onset=silence.since,
        remedy=remedy.format(name=name),
    )


def _report_nothing(symptoms: list[Entity], silent: list[str], alerted_at: float | None) -> Verdict:
    """Nothing got worse: no trouble if nobody was alerted and there is telemetry, else nobody knows."""
    names = ", ".join(map(str, symptoms))
    if silent:
        return Verdict(
            domain="unknown",
            cause="unknown",
            confidence=0.0,
            summary=f"{', '.join(silent)}: there is no telemetry of its requests.",
            remedy="Send spans of kind server, or http.server.request.duration: docs/adapt.md says how.",
        )
    if alerted_at is not None:
        return Verdict(
            domain="unknown",
            cause="unknown",
            confidence=0.2,
            summary=f"{names}: an alert fires, but neither durations nor failures of requests rose then.",
            remedy="Start with the alert's own panel.",
        )
    return Verdict(domain="none", cause="none", confidence=0.9, summary=f"{names}: nothing got worse.")


def _report_unknown(seen: Seen, noticed: list[Noticed]) -> Verdict:
    first = noticed[0]
    return Verdict(
        domain="unknown",
        cause="unknown",
        component=str(first.entity),
        entity=_place(first.entity),
        path=[_place(first.entity)],
        confidence=0.3,
        summary=f"{_notice(first)} Nothing that it does or depends on explains it.",
        onset=first.onset,
        evidence=_state(seen, first, None),
        remedy="Look at its slowest and its failed traces.",
    )


def _state(seen: Seen, noticed: Noticed, blame: Blame | None) -> list[Statement]:
    """The symptom, then each entity on the way to the cause, then the call that is at fault, if one is."""
    path = blame.path if blame else (noticed.entity,)
    found = [
        _state_one(seen, noticed, entity, seen.system.served[entity])
        for entity in path
        if entity in seen.system.served
    ]
    if blame and isinstance(blame.at, Call) and blame.at in seen.system.calls:
        found.append(_state_one(seen, noticed, blame.at, seen.system.calls[blame.at]))
    return found


def _state_measure(finding: Finding, measure: Measure | None) -> list[Statement]:
    """What the suspect's processes show."""
    if measure is None:
        return []
    where = {"service_name": finding.suspect.name}
    aligned = finding.seen.aligned
    before, after = (level / measure.scale for level in finding.level(measure.query, **where))
    query = narrow(measure.query, finding.suspect.name, measure.scale)
    return [
        Statement(
            statement=measure.says.format(suspect=finding.suspect, before=before, after=after),
            query=query,
            before=_known(before),
            after=_known(after),
            unit=measure.unit,
            link=_link(aligned, query),
            points=points_of(aligned, aligned.one(measure.query, **where) / measure.scale, MOST_POINTS),
        )
    ]


def _state_one(seen: Seen, noticed: Noticed, at: Entity | Call, traffic: Traffic) -> Statement:
    values = traffic.seconds if noticed.aspect is Aspect.TIME else traffic.failed
    values = seen.aligned.nothing if values is None else values
    before, after = (_known(traffic.level(values, side)) for side in noticed.sides)
    query = show(seen.aligned, seen.directory, at, noticed.aspect)
    entity, caller = (at.callee, at.caller) if isinstance(at, Call) else (at, None)
    return Statement(
        statement=_say(at, noticed.aspect, before, after),
        query=query,
        before=before,
        after=after,
        unit=UNITS[noticed.aspect],
        link=_link(seen.aligned, query),
        points=points_of(seen.aligned, values, MOST_POINTS),
        entity=_place(entity),
        caller=_place(caller) if caller else None,
    )


def _say(at: Entity | Call, aspect: Aspect, before: float | None, after: float | None) -> str:
    whose = f"calls of {at.caller} to {at.callee}" if isinstance(at, Call) else f"requests to {at}"
    if after is None:
        return f"{_capitalise(whose)} are not seen any more."
    now = _write(aspect, after)
    than = "" if before is None else f" instead of {_write(aspect, before)}"
    if aspect is Aspect.TIME:
        return f"{_capitalise(whose)} take {now}{than} on average."
    return f"{now} of the {whose} fail{than}."


def _write(aspect: Aspect, value: float) -> str:
    return write_milliseconds(1000 * value) if aspect is Aspect.TIME else f"{value:.1%}"


def _capitalise(words: str) -> str:
    return words[0].upper() + words[1:]


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _place(entity: Entity) -> Place:
    return Place(kind=entity.kind, name=entity.name)


def _link(aligned: AlignedSeries, query: str) -> str:
    e = aligned.evidence
    return query_range(query, round(e.start), round(e.end), e.step).link(e.prometheus_url)
