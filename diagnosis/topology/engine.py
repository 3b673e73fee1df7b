"""The verdict on services of any system: what users notice, where it arises, and why."""

import math
from collections.abc import Iterable, Mapping
from functools import partial
from typing import NamedTuple

from diagnosis.signals.series import AlignedSeries, points_of
from diagnosis.sources.evidence import Evidence
from diagnosis.topology.blame import Blame, System, find_blame
from diagnosis.topology.causes import CAUSES, Cause, Finding, Seen
from diagnosis.topology.entity import Entity, Kind
from diagnosis.topology.losses import Aspect
from diagnosis.topology.reading import make_directory, read_system
from diagnosis.topology.shown import show
from diagnosis.topology.silence import Reason, Silence, find_silence
from diagnosis.topology.symptom import Noticed, find_symptoms
from diagnosis.verdict.second import diagnose_latest
from diagnosis.verdict.verdict import MOST_POINTS, Alternative, Domain, Place, Statement, Verdict
from prometheus.client import query_range

ALTERNATIVES = 5

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


FULL_IMPACT = 0.1
"""Rise of the share of failed requests from which it counts fully as impact."""


class _Explained(NamedTuple):
    finding: Finding
    cause: Cause
    fit: float

    @property
    def confidence(self) -> float:
        return self.finding.noticed.strength * self.finding.blame.score * self.fit


def diagnose_services(
    evidence: Evidence,
    addresses: Mapping[str, str],
    services: Iterable[str],
    *,
    alerted_at: float | None = None,
    after: float | None = None,
) -> Verdict:
    """The verdict on these services, from the results of `diagnosis.topology.queries`.

    `alerted_at` (Unix seconds) is when an alert on them began to fire; None when nobody was alerted.
    `after` is when an earlier trouble began: what came on top of it is looked for first.
    """
    reach = partial(_diagnose, addresses=addresses, services=sorted(services), alerted_at=alerted_at)
    return diagnose_latest(reach, evidence, after)


def _diagnose(
    evidence: Evidence, *, addresses: Mapping[str, str], services: Iterable[str], alerted_at: float | None
) -> Verdict:
    aligned = AlignedSeries(evidence)
    system = read_system(aligned, addresses)
    symptoms = [Entity(Kind.SERVICE, name) for name in services]
    silent = [entity.name for entity in symptoms if entity not in system.served]
    noticed = [found for entity in symptoms for found in find_symptoms(aligned, system, entity, alerted_at)]
    if not noticed:
        quiet = [found for entity in symptoms if (found := find_silence(aligned, system, entity))]
        return _report_silence(quiet[0]) if quiet else _report_nothing(symptoms, silent, alerted_at)
    seen = Seen(aligned, system, make_directory(aligned, addresses))
    explained = [
        _explain(Finding(seen, each, blame))
        for each in noticed
        for blame in find_blame(system, each.entity, each.aspect, each.sides)
    ]
    ranked = sorted(explained, key=lambda found: -found.confidence)
    verdict = _report(seen, ranked) if ranked else _report_unknown(seen, noticed)
    return verdict.model_copy(update={"impact": round(sum(_size(system, each) for each in noticed), 2)})


def _size(system: System, noticed: Noticed) -> float:
    """How much users notice (0–1): the share of the time that is new, or of FULL_IMPACT that fails."""
    traffic = system.served[noticed.entity]
    values = traffic.seconds if noticed.aspect is Aspect.TIME else traffic.failed
    if values is None:
        return 0.0
    before, after = (traffic.level(values, side) for side in noticed.sides)
    size = 1 - before / after if noticed.aspect is Aspect.TIME else (after - before) / FULL_IMPACT
    return min(1.0, max(0.0, size)) if math.isfinite(size) else 0.0


def _explain(finding: Finding) -> _Explained:
    fits = [(cause, cause.fits(finding)) for cause in CAUSES]
    cause, fit = max(fits, key=lambda found: found[1])
    return _Explained(finding, cause, fit)


def _report(seen: Seen, ranked: list[_Explained]) -> Verdict:
    best, others = ranked[0], ranked[1:]
    finding = best.finding
    words = _words(finding)
    return Verdict(
        domain=best.cause.domain,
        cause=best.cause.name,
        component=str(finding.suspect),
        entity=_place(finding.suspect),
        path=[_place(entity) for entity in finding.blame.path],
        confidence=round(best.confidence, 3),
        summary=f"{_notice(finding.noticed)} {best.cause.says.format(**words)}",
        onset=finding.noticed.onset,
        evidence=_state(seen, finding.noticed, finding.blame),
        alternatives=[_alternative(other) for other in others[:ALTERNATIVES]],
        remedy=best.cause.remedy.format(**words),
    )


def _notice(noticed: Noticed) -> str:
    return f"{noticed.entity} {NOTICED[noticed.aspect]}."


def _words(finding: Finding) -> dict[str, str | float]:
    path = finding.blame.path
    return {
        "symptom": str(finding.noticed.entity),
        "suspect": str(finding.suspect),
        "caller": str(path[-2] if len(path) > 1 else "its callers"),
        "version": finding.new_version() or "",
        "instance": finding.worst_instance()[0],
        "times": finding.surge(),
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
    """The symptom, then each entity on the way to the cause."""
    path = blame.path if blame else (noticed.entity,)
    return [_state_one(seen, noticed, entity) for entity in path if entity in seen.system.served]


def _state_one(seen: Seen, noticed: Noticed, entity: Entity) -> Statement:
    traffic = seen.system.served[entity]
    values = traffic.seconds if noticed.aspect is Aspect.TIME else traffic.failed
    values = seen.aligned.nothing if values is None else values
    before, after = (traffic.level(values, side) for side in noticed.sides)
    query = show(seen.aligned, seen.directory, entity, noticed.aspect)
    return Statement(
        statement=_say(entity, noticed.aspect, before, after),
        query=query,
        before=_known(before),
        after=_known(after),
        unit=UNITS[noticed.aspect],
        link=_link(seen.aligned, query),
        points=points_of(seen.aligned, values, MOST_POINTS),
    )


def _say(entity: Entity, aspect: Aspect, before: float, after: float) -> str:
    if aspect is Aspect.TIME:
        return (
            f"Requests to {entity} take {1000 * after:.0f} ms instead of {1000 * before:.0f} ms on average."
        )
    return f"{after:.1%} of the requests to {entity} fail instead of {before:.1%}."


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _place(entity: Entity) -> Place:
    return Place(kind=entity.kind, name=entity.name)


def _link(aligned: AlignedSeries, query: str) -> str:
    e = aligned.evidence
    return query_range(query, round(e.start), round(e.end), e.step).link(e.prometheus_url)
