"""The verdict in words."""

from collections.abc import Mapping, Sequence

from diagnosis.topology.entity import Call, Entity, Kind
from diagnosis.topology.finding import Finding, Seen
from diagnosis.topology.instances import worst_instance
from diagnosis.topology.losses import Aspect
from diagnosis.topology.ranking import Explained
from diagnosis.topology.silence import Reason, Silence
from diagnosis.topology.symptom import Noticed
from diagnosis.topology.wording.statements import place_of, state, state_proof
from diagnosis.verdict.verdict import ALTERNATIVES, Alternative, Domain, Verdict

LEAST = 0.005
"""Confidence from which another cause is worth a line."""

NOTICED = {Aspect.TIME: "answers late", Aspect.REQUESTS: "fails requests"}

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


def report(seen: Seen, ranked: list[Explained]) -> Verdict:
    best, others = ranked[0], ranked[1:]
    finding = best.finding
    words = words_of(best)
    entity = best.cause.entity(finding)
    return Verdict(
        domain=best.cause.domain,
        cause=best.cause.name,
        component=str(entity),
        entity=place_of(entity),
        path=[place_of(each) for each in _lead(finding, entity)],
        confidence=round(best.told, 3),
        summary=f"{say_noticed(finding.noticed)} {best.cause.says.format(**words)}",
        onset=finding.noticed.onset,
        evidence=[
            *state(seen, finding.noticed, finding.blame),
            *(state_proof(seen, proof) for proof in best.cause.prove(finding)),
        ],
        alternatives=tell_others(others, best.told),
        remedy=best.cause.remedy.format(**words),
    )


def _lead(finding: Finding, end: Entity) -> Sequence[Entity]:
    """The path up to the entity at fault, or on to it."""
    path = finding.blame.path
    if end in path:
        return path[: path.index(end) + 1]
    is_next = end.kind is Kind.HOST or Call(path[-1], end) in finding.seen.system.calls
    return (*path, end) if is_next else path


def say_noticed(noticed: Noticed) -> str:
    return f"{noticed.entity} {NOTICED[noticed.aspect]}."


def words_of(found: Explained) -> dict[str, str | float]:
    """What the texts of its cause are filled with."""
    return {**_words(found.finding), **found.cause.words(found.finding)}


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
        "no_release": finding.say_no_release(),
        "instance": worst_instance(finding)[0],
        "times": finding.surge(),
        "repeating": str(call.caller) if call else "",
        "repeated": str(call.callee) if call else "",
        "grown": grown,
        "usual": usual / 1e6,
        "most": most / 1e6,
        "abandoned": str(finding.abandoned() or ""),
        "pooled": str(finding.well_pooled()[0] or ""),
        "waiting": finding.pool_waiting()[1],
        "cores_before": cores_before,
        "cores": cores,
    }


def tell_others(others: list[Explained], most: float) -> list[Alternative]:
    """Those that are worth a line; `most` is the confidence of the verdict."""
    return [_alternative(other, most) for other in others[:ALTERNATIVES] if other.confidence >= LEAST]


def _alternative(found: Explained, most: float) -> Alternative:
    share = found.finding.blame.share
    return Alternative(
        cause=f"{found.cause.name}: {found.finding.suspect}",
        confidence=round(min(most, found.told), 3),
        why_not=f"{share:.0%} of what {found.finding.noticed.entity} lost arises there.",
    )


def report_silence(silence: Silence) -> Verdict:
    domain, says, remedy = SILENCES[silence.reason]
    name = str(silence.entity)
    return Verdict(
        domain=domain,
        cause=silence.reason,
        component=name,
        entity=place_of(silence.entity),
        path=[place_of(silence.entity)],
        confidence=0.3 if silence.reason is Reason.UNKNOWN else 0.85,
        summary=f"Requests of {name} are hardly seen any more; there were {silence.usual:.1f} a second. "
        + says.format(name=name),
        onset=silence.since,
        remedy=remedy.format(name=name),
    )


def report_nothing(symptoms: list[Entity], silent: list[str], alerted_at: float | None) -> Verdict:
    """Nothing got worse: no trouble if nobody was alerted and there is telemetry, else nobody knows."""
    names = ", ".join(map(str, symptoms))
    if silent:
        return _unknown(
            0.0,
            f"{', '.join(silent)}: there is no telemetry of its requests.",
            "Send spans of kind server, or http.server.request.duration: docs/adapt.md says how.",
        )
    if alerted_at is not None:
        return _unknown(
            0.2,
            f"{names}: an alert fires, but neither durations nor failures of requests rose then.",
            "Start with the alert's own panel.",
        )
    summary = f"{names}: nothing got worse, or only for a moment."
    return Verdict(domain="none", cause="none", confidence=0.9, summary=summary)


def report_unknown(seen: Seen, noticed: list[Noticed]) -> Verdict:
    first = noticed[0]
    verdict = _unknown(
        0.3,
        f"{say_noticed(first)} Nothing that it does or depends on explains it.",
        "Look at its slowest and its failed traces.",
    )
    found = {
        "component": str(first.entity),
        "entity": place_of(first.entity),
        "path": [place_of(first.entity)],
        "onset": first.onset,
        "evidence": state(seen, first, None),
    }
    return verdict.model_copy(update=found)


def _unknown(confidence: float, summary: str, remedy: str) -> Verdict:
    return Verdict(domain="unknown", cause="unknown", confidence=confidence, summary=summary, remedy=remedy)
