"""Which requests show the trouble of a verdict, and in which of their spans."""

from collections.abc import Iterable
from typing import NamedTuple

from diagnosis.topology.losses import Aspect
from diagnosis.topology.reading import Directory
from diagnosis.verdict.verdict import CitedTrace, Place, Statement, Verdict
from jaeger.client import Span, Trace
from prometheus.names import label
from telemetry import attributes as a

CITED = 5

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


def seek(verdict: Verdict, end: float) -> Sought | None:
    """What to look for in traces until `end`; None for a verdict on nothing that got worse."""
    symptom = next((said for said in verdict.evidence if verdict.path[:1] == [said.entity]), None)
    if symptom is None or symptom.entity is None or verdict.onset is None or verdict.onset >= end:
        return None
    if symptom.unit == "share":
        return Sought(symptom.entity.name, verdict.onset, end, Aspect.REQUESTS)
    return Sought(symptom.entity.name, verdict.onset, end, Aspect.TIME, _between(symptom))


def _between(said: Statement) -> float:
    """Seconds that are more than usual, and less than what is usual since."""
    return ((said.before or 0.0) + (said.after or 0.0)) / 2


def cite(verdict: Verdict, sought: Sought, traces: Iterable[Trace], directory: Directory) -> list[CitedTrace]:
    """Of these traces those that show most: the cause above all, then the longest."""
    found = {trace.trace_id: trace for trace in traces if sought.shows(trace)}
    suspects = {
        trace_id: _find_suspect(verdict, sought, trace, directory) for trace_id, trace in found.items()
    }

    def rank(trace: Trace) -> tuple[bool, bool, float]:
        span = suspects[trace.trace_id]
        failed = bool(span and span.error) and sought.aspect is Aspect.REQUESTS
        return span is not None, failed, span.duration_ms if span else trace.duration_ms

    return [
        CitedTrace(
            trace_id=trace.trace_id, span_id=span.span_id if (span := suspects[trace.trace_id]) else ""
        )
        for trace in sorted(found.values(), key=rank, reverse=True)[:CITED]
    ]


def _find_suspect(verdict: Verdict, sought: Sought, trace: Trace, directory: Directory) -> Span | None:
    """The span in which the cause is at work: if requests fail one that failed, else the longest."""
    if verdict.entity is None or verdict.cause == "unknown":
        return None
    calls = [span for span in trace.spans if _calls(span, verdict.entity, directory)]
    own = [] if _blames_call(verdict) else [s for s in trace.spans if s.service == verdict.entity.name]
    failing = sought.aspect is Aspect.REQUESTS
    return max(own or calls, key=lambda span: (failing and span.error, span.duration_ms), default=None)


def _blames_call(verdict: Verdict) -> bool:
    return any(said.caller and said.entity == verdict.entity for said in verdict.evidence)


def _calls(span: Span, callee: Place, directory: Directory) -> bool:
    if span.tags.get("span.kind") not in CALLING:
        return False
    labels = {label(key): str(span.tags[key]) for key in a.PEER if key in span.tags}
    found = directory.callee(labels)
    return (found.kind, found.name) == (callee.kind, callee.name)
