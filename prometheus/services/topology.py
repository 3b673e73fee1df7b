"""Who depends on whom and how that goes, recorded: what the map and the lists of dependencies show.

Spans of calls tell their peer in several ways. Whom they mean is decided once, and as the diagnosis does it
(`diagnosis.topology.reading.Directory`): a service that sends telemetry, found by its own name, by an
address such as 10.0.0.7:8080, or by its host's name; else a product at an address. Which service answers at
an address the inbox learns from traces, and tells (`services.incidents.web.exposition`).
"""

from collections.abc import Collection, Iterator

from config import Config
from prometheus import indicators
from prometheus import queries as q
from prometheus.names import REQUEST_SPANS
from prometheus.rules import Rule, record
from prometheus.series.external import DEPENDENCY_ADDRESS
from prometheus.series.recorded import (
    CALLEE,
    CALLS,
    CALLS_FAILED,
    CALLS_P95,
    DECLARED,
    ENTITY_FAILED,
    ENTITY_P95,
    ENTITY_REQUESTS,
)
from prometheus.services import dependencies, requests
from prometheus.services.dependencies import (
    CACHES,
    CALLER,
    CALLING,
    DATABASES,
    NAMELESS,
    OBJECT_STORES,
    PEER,
    QUEUES,
    SDKS,
)

STEP = 10
"""Seconds between evaluations."""

WINDOW, REMEMBERED = "1m", "5m"
"""What rates are taken over, and how long a dependency that is no longer called is still shown."""

NO_STREAM = 'http_route!~".*/stream"'
"""A stream lasts as long as someone listens."""

_CALL = (CALLER, *PEER)
_ENTITY = ("entity", "kind")
_CALLEE = ("callee", "kind")


def call_rules(config: Config) -> Iterator[Rule]:
    """The dependencies of each service: rate, share that failed, 95th percentile.

    The rate of a call that is only declared is 0.
    """
    for caller, callees in config.topology.calls.items():
        for callee in callees:
            yield record(DECLARED, "vector(1)", service_name=caller, callee=callee, kind="service")
    yield record(CALLEE, _name_callees())
    calls, remembered = (_by_callee(dependencies.count(by=_CALL, window=w)) for w in (WINDOW, REMEMBERED))
    yield record(CALLS, f"{calls} and ({remembered} > 0) or on ({CALLER}, callee) 0 * {q.select(DECLARED)}")
    failed = _by_callee(dependencies.count('status_code="STATUS_CODE_ERROR"', by=_CALL, window=WINDOW))
    yield record(CALLS_FAILED, q.known(f"({q.or_zero(failed, q.select(CALLS))}) / {q.select(CALLS)}"))
    yield record(CALLS_P95, q.known(f"histogram_quantile(0.95, {_by_callee(_durations())})"))


def entity_rules() -> Iterator[Rule]:
    """Everything on the map: a service as it sees itself, the rest and silent services as callers see them.

    A service that only calls has a rate of 0. Where nothing was served, nothing failed.
    """
    calls = q.level(CALLS, by=_CALLEE)
    only_calls = f"0 * group by ({CALLER}) ({q.select(CALLS)})"
    served = requests.count(by=[CALLER], window=WINDOW)
    yield record(ENTITY_REQUESTS, _first(_service(served), _callee(calls), _service(only_calls)))

    failed = q.known(indicators.requests_failed_share(by=[CALLER], window=WINDOW))
    both = (q.level(of, by=(CALLER, *_CALLEE)) for of in (CALLS, CALLS_FAILED))
    lost = f"sum by ({', '.join(_CALLEE)}) ({' * '.join(both)})"
    none = f"0 * {q.select(ENTITY_REQUESTS)}"
    yield record(ENTITY_FAILED, _first(_service(failed), _callee(q.known(f"{lost} / {calls}")), none))

    own = requests.distribution(NO_STREAM, by=[CALLER], window=WINDOW)
    seen = _by_callee(_durations(), by=_CALLEE)
    p95 = (f"histogram_quantile(0.95, {durations})" for durations in (own, seen))
    of_service, of_others = (q.known(each) for each in p95)
    yield record(ENTITY_P95, _first(_service(of_service), _callee(of_others)))


def _durations() -> str:
    return dependencies.distribution(by=_CALL, window=WINDOW)


def _by_callee(calls: str, by: Collection[str] = (CALLER, *_CALLEE)) -> str:
    """Values by caller and peer, added up by callee."""
    named = f"{calls} * on ({', '.join(_CALL)}) group_left (callee, kind) {q.select(CALLEE)}"
    return f"sum by ({', '.join(by)}) ({named})"


def _service(expr: str) -> str:
    return _labelled(_copied(expr, CALLER, "entity"), "kind", "service", by=_ENTITY)


def _callee(expr: str) -> str:
    return f"sum by ({', '.join(_ENTITY)}) ({_copied(expr, 'callee', 'entity')})"


def _first(*of_entities: str) -> str:
    """For each entity the first of these that knows it."""
    return " or on (entity) ".join(f"({each})" for each in of_entities)


def _name_callees() -> str:
    calls = f"group by ({', '.join(_CALL)}) ({q.select(REQUEST_SPANS, CALLING)})"
    names = f"group by ({CALLER}) ({q.select_any([requests.HTTP, REQUEST_SPANS], requests.NAMED)})"
    services = _copied(names, CALLER, "callee")
    ways = (
        _copied(calls, "peer_service", "callee"),
        _without_address(f"{_with_address(calls)} * on (address) group_left (callee) {_learned()}"),
        _copied(calls, "server_address", "callee"),
        _copied(calls, "server_address", "callee", "([^.]+)[.].+"),
    )
    found = (f"({calls} and on (callee) {services})" for calls in ways)
    of_services = f'label_replace({_either(found)}, "kind", "service", "", "")'
    named = _either([of_services, _name_product(_classify(calls))])
    return f"({named}) unless on ({CALLER}, callee) {services}"


def _learned() -> str:
    """One service for each address, whatever several inboxes say."""
    told = q.highest(DEPENDENCY_ADDRESS, by=("address", "callee"))
    return f"topk by (address) (1, {told})"


def _with_address(calls: str) -> str:
    """The label `address` of each call: `host:port`, or `host`; missing where no host is told."""
    joined = f'label_join({calls}, "address", ":", "server_address", "server_port")'
    host = _copied(joined, "address", "address", "(.*):")
    return f'label_replace({host}, "address", "", "server_address", "")'


def _without_address(calls: str) -> str:
    return f'label_replace({calls}, "address", "", "", "")'


def _either(of_calls: Collection[str] | Iterator[str]) -> str:
    """For each call the first of these that knows it."""
    return f" or on ({', '.join(_CALL)}) ".join(of_calls)


def _classify(calls: str) -> str:
    """What a callee is that sends no telemetry: the label `kind`."""
    kinds: tuple[tuple[str, str, Collection[str]], ...] = (
        ("database", "rpc_service", DATABASES),
        ("queue", "rpc_service", QUEUES),
        ("storage", "rpc_service", OBJECT_STORES),
        ("queue", "messaging_system", ()),
        ("database", "db_system_name", ()),
        ("cache", "db_system_name", CACHES),
        *((kind, label, ()) for label, kind in SDKS.items()),
    )
    expr = f'label_replace({calls}, "kind", "peer", "", "")'
    for kind, label, values in kinds:
        expr = f'label_replace({expr}, "kind", "{kind}", "{label}", "{"|".join(sorted(values)) or ".+"}")'
    return expr


def _name_product(calls: str) -> str:
    """What a callee is called that sends no telemetry: `product@peer`, or what of it is known.

    The peer is named by `peer.service`, else by its address.
    """
    for label in ("rpc_service", "messaging_system", "db_system_name", *SDKS):
        calls = _copied(calls, label, "callee")
    address = _copied(_with_address(calls), "peer_service", "address")
    joined = f'label_join({address}, "callee", "@", "callee", "address")'
    joined = _copied(joined, "callee", "callee", "@*(.*?)@*")
    nameless = f'label_replace({joined}, "callee", "{NAMELESS}", "callee", "")'
    return _without_address(nameless)


def _labelled(expr: str, label: str, value: str, by: Collection[str]) -> str:
    return f'sum by ({", ".join(by)}) (label_replace({expr}, "{label}", "{value}", "", ""))'


def _copied(expr: str, label: str, into: str, pattern: str = "(.+)") -> str:
    """`into` has the part of `label` in brackets; where the pattern does not fit, it stays as it is."""
    return f'label_replace({expr}, "{into}", "$1", "{label}", "{pattern}")'
