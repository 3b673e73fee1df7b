"""Traces that show a verdict: which are looked for, which are cited, and in which span."""

from dataclasses import replace

from diagnosis import Verdict
from diagnosis.topology.cited import CITED, Sought, cite, find_shown, seek, state_shown
from diagnosis.topology.losses import Aspect
from diagnosis.topology.reading import Directory
from jaeger.client import Span, Trace

ONSET, END = 1_000.0, 1_600.0
DATABASE = {"server.address": "db", "server.port": "5432", "db.system.name": "postgresql"}
DIRECTORY = Directory(frozenset({"gateway", "pricing"}), {"10.0.0.7:8101": "pricing"})


def verdict(unit: str, entity: tuple[str, str], *, called_by: str = "", cause: str = "any") -> Verdict:
    """The gateway got worse because of an entity, or only of its calls to that."""
    kind, name = entity
    path = [{"kind": "service", "name": "gateway"}, {"kind": kind, "name": name}]
    evidence = [{"statement": "", "query": "", "before": 0.1, "after": 0.5, "unit": unit, "entity": path[0]}]
    if called_by:
        caller = {"kind": "service", "name": called_by}
        evidence.append({"statement": "", "query": "", "unit": unit, "entity": path[1], "caller": caller})
    said = {"domain": "infrastructure", "cause": cause, "confidence": 1, "summary": ""}
    return Verdict.model_validate(
        {**said, "onset": ONSET, "entity": path[1], "path": path, "evidence": evidence}
    )


def span(span_id: str, service: str, kind: str, duration_ms: float, **tags: object) -> Span:
    named = {key.replace("_", "."): value for key, value in tags.items()}
    return Span(span_id, None, "any", service, 0.0, duration_ms, {"span.kind": kind, **named}, {})


def request(trace_id: str, *spans: Span) -> Trace:
    return Trace(trace_id, ONSET + 1, spans)


def through(trace_id: str, waited: float) -> Trace:
    """A request that goes down to the database, where it waits so many milliseconds."""
    return request(
        trace_id,
        span("1", "gateway", "server", waited + 20),
        span("2", "gateway", "client", waited + 10, server_address="10.0.0.7", server_port=8101),
        span("3", "pricing", "server", waited + 5),
        span("4", "pricing", "client", 1, **DATABASE),
        span("5", "pricing", "client", waited, **DATABASE),
    )


SLOW = Sought("gateway", ONSET, END, Aspect.TIME, 0.3)
FAILED = Sought("gateway", ONSET, END, Aspect.REQUESTS)
POSTGRES = ("database", "postgresql@db:5432")


def ids(found: Verdict, sought: Sought, *traces: Trace) -> list[tuple[str, str]]:
    return [(each.trace_id, each.span_id) for each in cite(find_shown(found, sought, traces, DIRECTORY))]


def said(found: Verdict, sought: Sought, *traces: Trace) -> list[str]:
    shown = find_shown(found, sought, traces, DIRECTORY)
    return [each.statement for each in state_shown(sought, shown)]


def test_what_is_sought_is_what_got_worse() -> None:
    assert seek(verdict("s", POSTGRES), END) == SLOW
    assert seek(verdict("share", POSTGRES), END) == FAILED
    assert seek(verdict("s", POSTGRES), ONSET) is None
    assert seek(verdict("s", POSTGRES), END, "gateway") == SLOW
    assert seek(verdict("s", POSTGRES), END, "pricing") is None, "nothing is said of it"
    assert seek(verdict("s", POSTGRES), END, "stranger") is None
    silent = verdict("s", POSTGRES).model_copy(update={"evidence": []})
    assert seek(silent, END) is None


def test_slow_requests_that_waited_for_the_cause_come_first() -> None:
    elsewhere = request("elsewhere", span("1", "gateway", "server", 5_000))
    fast = through("fast", 200)
    found = ids(verdict("s", POSTGRES), SLOW, elsewhere, through("a", 400), fast, through("b", 900))
    assert found == [("b", "5"), ("a", "5"), ("elsewhere", "")]


def test_only_a_few_are_cited() -> None:
    assert len(ids(verdict("s", POSTGRES), SLOW, *(through(str(n), 400 + n) for n in range(20)))) == CITED


def test_a_service_at_fault_is_shown_by_its_own_span_and_a_call_by_its_callers() -> None:
    pricing = ("service", "pricing")
    assert ids(verdict("s", pricing), SLOW, through("a", 900)) == [("a", "3")]
    assert ids(verdict("s", pricing, called_by="gateway"), SLOW, through("a", 900)) == [("a", "2")]


def test_an_instance_at_fault_is_shown_by_its_own_requests() -> None:
    def served_by(instance: str) -> Trace:
        own = replace(span("1", "gateway", "server", 900), resource={"service.instance.id": instance})
        return request(instance, own)

    found = ids(verdict("s", ("instance", "gateway@b")), SLOW, served_by("a"), served_by("b"))
    assert found == [("b", "1"), ("a", "")]


def test_of_failing_requests_it_is_the_span_that_failed() -> None:
    failing = request(
        "failing",
        span("1", "gateway", "server", 9, error=True),
        span("2", "gateway", "client", 400, **DATABASE),
        span("3", "gateway", "client", 4, error=True, **DATABASE),
    )
    well = request("well", span("1", "gateway", "server", 9))
    assert ids(verdict("share", POSTGRES), FAILED, well, failing) == [("failing", "3")]


def test_an_unknown_cause_is_in_no_span() -> None:
    assert ids(verdict("s", ("service", "gateway"), cause="unknown"), SLOW, through("a", 900)) == [("a", "")]


def test_it_is_said_where_most_requests_fail_and_what_was_recorded_there() -> None:
    def failing(trace_id: str, exception: str) -> Trace:
        return request(
            trace_id,
            span("1", "gateway", "server", 9, error=True),
            replace(span("2", "pricing", "server", 8, error=True), name="GET /quotes/{id}", said="wrapped"),
            replace(span("3", "pricing", "internal", 4, error=True), parent="2", said=exception),
        )

    traces = [failing(str(order), f"KeyError: no price of order {order}.\n  at line 7") for order in range(3)]
    found = said(verdict("share", ("service", "pricing")), FAILED, failing("x", "OSError: disk"), *traces)
    assert found == [
        "3 of the 4 failed requests that were looked at fail in GET /quotes/{id} of pricing: "
        "KeyError: no price of order 0."
    ]


def test_it_is_said_where_most_requests_are_slow() -> None:
    elsewhere = request("elsewhere", span("1", "gateway", "server", 5_000))
    slow = [through("a", 400), through("b", 900), elsewhere]
    assert said(verdict("s", POSTGRES), SLOW, *slow) == [
        "2 of the 3 slow requests that were looked at are slow in any of pricing."
    ]


def test_nothing_is_said_of_requests_that_do_not_show_the_cause() -> None:
    assert said(verdict("s", POSTGRES), SLOW, request("a", span("1", "gateway", "server", 5_000))) == []
