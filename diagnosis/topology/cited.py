"""Which requests show the trouble of a verdict, in which of their spans, and what those say."""

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from diagnosis.topology.entity import Kind
from diagnosis.topology.losses import Aspect
from diagnosis.topology.reading import Directory
from diagnosis.verdict.verdict import CitedTrace, Place, Statement, Verdict
from jaeger.client import Span, Trace
from prometheus.names import label
from telemetry import attributes as a

CITED = 5

LONGEST_SAID = 200
"""Characters that are shown of an exception."""

NUMBERS = re.compile(r"[0-9a-f]*[0-9][0-9a-f-]*")
"""What differs between exceptions that say the same: numbers and ids."""

CALLING = frozenset({"client", "producer", "consumer"})


class Sought(NamedTuple):
    """Requests of a service that began between two Unix times: those that failed, or that took `seconds`."""

    service: str
    start: float
    end: float
    aspect: Aspect
    seconds: float = 0.0

    def shows(self, trace: Trace) -> bool:
        """Whether a span of the service is as sought."""
        spans = [span for span in trace.spans if span.service == self.service]
        if self.aspect is Aspect.REQUESTS:
            return any(span.error for span in spans)
        return any(span.duration_ms > 1000 * self.seconds for span in spans)


class Shown(NamedTuple):
    """A request as sought, and the span of it in which the cause is at work, if one is."""

    trace: Trace
    suspect: Span | None


def seek(verdict: Verdict, end: float, service: str = "") -> Sought | None:
    """What to look for in traces until `end`: requests to the symptom's service, or another on the path.

    None if the verdict does not say that they got worse.
    """
    services = (place for place in verdict.path if place.kind == Kind.SERVICE)
    place = next((each for each in services if service in ("", each.name)), None)
    symptom = next((said for said in verdict.evidence if place and said.entity == place), None)
    if symptom is None or symptom.entity is None or verdict.onset is None or verdict.onset >= end:
        return None
    if symptom.unit == "share":
        return Sought(symptom.entity.name, verdict.onset, end, Aspect.REQUESTS)
    return Sought(symptom.entity.name, verdict.onset, end, Aspect.TIME, _between(symptom))


def _between(said: Statement) -> float:
    """Seconds that are more than usual, and less than what is usual since."""
    return ((said.before or 0.0) + (said.after or 0.0)) / 2


def find_shown(
    verdict: Verdict, sought: Sought, traces: Iterable[Trace], directory: Directory
) -> list[Shown]:
    """Of these traces those that are as sought, first those that show most: the cause, then the longest."""
    found = {trace.trace_id: trace for trace in traces if sought.shows(trace)}
    shown = [Shown(trace, _find_suspect(verdict, sought, trace, directory)) for trace in found.values()]

    def rank(each: Shown) -> tuple[bool, bool, float]:
        span = each.suspect
        failed = bool(span and span.error) and sought.aspect is Aspect.REQUESTS
        return span is not None, failed, span.duration_ms if span else each.trace.duration_ms

    return sorted(shown, key=rank, reverse=True)


def cite(shown: Sequence[Shown]) -> list[CitedTrace]:
    return [
        CitedTrace(trace_id=each.trace.trace_id, span_id=each.suspect.span_id if each.suspect else "")
        for each in shown[:CITED]
    ]


def state_shown(sought: Sought, shown: Sequence[Shown]) -> list[Statement]:
    """In which operation the cause is at work, and what was recorded there, in most requests that show it."""
    failing = sought.aspect is Aspect.REQUESTS
    found = [
        f"{span.name} of {span.service}" + (_say_failure(each.trace, span) if failing else "")
        for each in shown
        if (span := each.suspect) and (span.error or not failing)
    ]
    if not found:
        return []
    alike, count = Counter(NUMBERS.sub("", where) for where in found).most_common(1)[0]
    where = next(each for each in found if NUMBERS.sub("", each) == alike)
    kind, how = ("failed", "fail") if failing else ("slow", "are slow")
    words = f"{count} of the {len(shown)} {kind} requests that were looked at {how} in {where}."
    return [Statement(statement=words, query="")]


def _say_failure(trace: Trace, suspect: Span) -> str:
    """What was recorded of it by the last of the suspect and what its service did for it."""
    below, said = {suspect.span_id}, suspect.said
    for span in trace.spans:
        if span.parent in below and span.service == suspect.service:
            below.add(span.span_id)
            said = span.said or said
    line = said.strip().partition("\n")[0].rstrip(".")
    return f": {textwrap.shorten(line, LONGEST_SAID, placeholder=' …')}" if line else ""


def _find_suspect(verdict: Verdict, sought: Sought, trace: Trace, directory: Directory) -> Span | None:
    """The span in which the cause is at work: if requests fail one that failed, else the longest."""
    if verdict.entity is None or verdict.cause == "unknown":
        return None
    callers = {said.caller.name for said in verdict.evidence if said.caller and said.entity == verdict.entity}
    calls = [span for span in trace.spans if _calls(span, verdict.entity, directory)]
    if callers:
        candidates = [span for span in calls if span.service in callers]
    else:
        candidates = [span for span in trace.spans if _is_of(span, verdict.entity)] or calls
    failing = sought.aspect is Aspect.REQUESTS
    return max(candidates, key=lambda span: (failing and span.error, span.duration_ms), default=None)


def _is_of(span: Span, place: Place) -> bool:
    if place.kind == Kind.INSTANCE:
        return f"{span.service}@{span.resource.get(a.SERVICE_INSTANCE_ID)}" == place.name
    return span.service == place.name


def _calls(span: Span, callee: Place, directory: Directory) -> bool:
    if span.tags.get("span.kind") not in CALLING:
        return False
    labels = {label(key): str(span.tags[key]) for key in a.PEER if key in span.tags}
    found = directory.callee(labels)
    return (found.kind, found.name) == (callee.kind, callee.name)
