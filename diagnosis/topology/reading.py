"""A system, read from its telemetry: who is there, who calls whom, and how that goes."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from diagnosis.signals.series import AlignedSeries, Row, Values, total
from diagnosis.topology.blame import System
from diagnosis.topology.entity import Call, Entity, Kind, Topology
from diagnosis.topology.traffic import Traffic
from jaeger.client import Span, Trace
from prometheus.services.dependencies import CACHES, DATABASES, NAMELESS, OBJECT_STORES, QUEUES, SDKS
from telemetry import attributes as a

FAILED = "STATUS_CODE_ERROR"

Labels = Mapping[str, str]


@dataclass(frozen=True)
class Directory:
    """Which names and addresses (`host:port`) are those of services that send telemetry themselves."""

    services: frozenset[str]
    addresses: Mapping[str, str]

    def callee(self, labels: Labels) -> Entity:
        """Whom a call with these labels went to."""
        address, peer = _address(labels), labels.get("peer_service", "")
        service = self._find_service(peer, address)
        if service:
            return Entity(Kind.SERVICE, service)
        kind, system = _classify(labels)
        return Entity(kind, "@".join(filter(None, (system, peer or address))) or NAMELESS)

    def _find_service(self, peer: str, address: str) -> str | None:
        host = address.partition(":")[0]
        named = (peer, self.addresses.get(address), host, host.partition(".")[0])
        return next((name for name in named if name in self.services), None)


def _address(labels: Labels) -> str:
    host, port = labels.get("server_address", ""), labels.get("server_port", "")
    return f"{host}:{port}" if host and port else host


def _classify(labels: Labels) -> tuple[str, str]:
    """What a callee is that sends no telemetry of its own, and the name of its product."""
    for label, kind in SDKS.items():
        if product := labels.get(label):
            return kind, product
    if database := labels.get("db_system_name"):
        return (Kind.CACHE if database in CACHES else Kind.DATABASE), database
    if queue := labels.get("messaging_system"):
        return Kind.QUEUE, queue
    remote = labels.get("rpc_service", "")
    kinds = {Kind.STORAGE: OBJECT_STORES, Kind.QUEUE: QUEUES, Kind.DATABASE: DATABASES}
    return next((kind for kind, services in kinds.items() if remote in services), Kind.PEER), remote


def is_distinct(entity: Entity) -> bool:
    """Whether its name tells it from others of its kind: two services' `sqlite` need not be the same."""
    if entity.kind in (Kind.DATABASE, Kind.CACHE, Kind.QUEUE):
        return "@" in entity.name
    return entity.name != NAMELESS


def learn_addresses(traces: Iterable[Trace]) -> dict[str, str]:
    """Which service answers at which address: the span of a call has it, its child is of that service."""
    found: dict[str, str] = {}
    for trace in traces:
        spans = {span.span_id: span for span in trace.spans}
        for span in trace.spans:
            caller = spans.get(span.parent or "")
            if caller and caller.service != span.service and (address := _address_of(caller)):
                found[address] = span.service
    return found


def _address_of(span: Span) -> str:
    host, port = (span.tags.get(key, "") for key in (a.SERVER_ADDRESS, a.SERVER_PORT))
    return f"{host}:{port}" if host and port else str(host)


def make_directory(aligned: AlignedSeries, addresses: Mapping[str, str]) -> Directory:
    """Who serves or calls anybody in a window; `addresses` as `learn_addresses` gives them."""
    names = {row.labels.get(_SERVICE) for row in (*aligned.rows("served"), *aligned.rows("called"))}
    return Directory(frozenset(filter(None, names)), addresses)


def read_topology(aligned: AlignedSeries, addresses: Mapping[str, str]) -> Topology:
    """Who is there and who calls whom in a window."""
    directory = make_directory(aligned, addresses)
    calls = [*_group_calls(aligned, directory), *_read_declared(aligned, directory)]
    return Topology(calls, _name_services(directory))


def read_system(aligned: AlignedSeries, addresses: Mapping[str, str]) -> System:
    """The system of a window, from the results of `diagnosis.topology.queries`."""
    directory = make_directory(aligned, addresses)
    served = {service: _read_service(aligned, service.name) for service in _name_services(directory)}
    found = _group_calls(aligned, directory)
    calls = {call: _read_call(rows, aligned.nothing) for call, rows in found.items()}
    declared = _read_declared(aligned, directory)
    for callee in {call.callee for call in calls} - served.keys():
        served[callee] = _sum([traffic for call, traffic in calls.items() if call.callee == callee])
    return System(Topology([*calls, *declared], served), served, calls)


_SERVICE = "service_name"


def _name_services(directory: Directory) -> list[Entity]:
    return [Entity(Kind.SERVICE, name) for name in sorted(directory.services)]


def _read_service(aligned: AlignedSeries, name: str) -> Traffic:
    where = {_SERVICE: name}
    rate = aligned.one("served", **where)
    failed = np.where(np.isnan(rate), np.nan, np.nan_to_num(aligned.one("served_failed", **where)))
    return Traffic(
        rate,
        _ratio(failed, rate),
        _ratio(aligned.one("served_seconds", **where), rate),
        aligned.one("served_median", **where),
        aligned.one("served_slowest", **where),
    )


def _read_declared(aligned: AlignedSeries, directory: Directory) -> Iterator[Call]:
    """Calls between services that whence.yaml knows of."""
    for row in aligned.rows("declared"):
        caller, callee = row.labels.get(_SERVICE, ""), row.labels.get("callee", "")
        if {caller, callee} <= directory.services:
            yield Call(Entity(Kind.SERVICE, caller), Entity(Kind.SERVICE, callee))


def _group_calls(aligned: AlignedSeries, directory: Directory) -> Mapping[Call, Mapping[str, list[Row]]]:
    """What each query says of each call; there may be several peers of which all are the same entity.

    Calls of nobody are left out. So are HTTP requests to a host that an SDK calls: it has a span around them.
    """
    found: defaultdict[Call, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    by_sdks = (row.labels for row in aligned.rows("called") if any(row.labels.get(name) for name in SDKS))
    hosts = {_host(labels) for labels in by_sdks if labels.get("server_address")}
    for query in ("called", "called_seconds", "called_median", "called_slowest"):
        for row in aligned.rows(query):
            caller = Entity(Kind.SERVICE, row.labels.get(_SERVICE, ""))
            callee = directory.callee(row.labels)
            is_within = callee.kind is Kind.PEER and _host(row.labels) in hosts
            if caller.name and callee != caller and not is_within:
                found[Call(caller, callee)][query].append(row)
    return found


def _host(labels: Labels) -> tuple[str, str]:
    """A caller and the host that it calls."""
    return labels.get(_SERVICE, ""), labels.get("server_address", "")


def _read_call(rows: Mapping[str, list[Row]], nothing: Values) -> Traffic:
    def add(query: str, **where: str) -> Values:
        chosen = [row.values for row in rows.get(query, []) if where.items() <= row.labels.items()]
        return total(chosen, nothing)

    def worst(query: str) -> Values:
        values = [row.values for row in rows.get(query, [])]
        return np.fmax.reduce(values) if values else nothing

    rate = add("called")
    failed = np.where(np.isnan(rate), np.nan, np.nan_to_num(add("called", status_code=FAILED)))
    return Traffic(
        rate,
        _ratio(failed, rate),
        _ratio(add("called_seconds"), rate),
        worst("called_median"),
        worst("called_slowest"),
    )


def _sum(parts: list[Traffic]) -> Traffic:
    """What several callers saw of the same callee."""
    nothing = np.full_like(parts[0].rate, np.nan)
    rate = total([part.rate for part in parts], nothing)
    failed = total([part.rate * part.failed for part in parts], nothing)
    waited = total([part.rate * part.seconds for part in parts if part.seconds is not None], nothing)
    return Traffic(rate, _ratio(failed, rate), _ratio(waited, rate))


def _ratio(part: Values, whole: Values) -> Values:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole > 0, part / whole, np.nan)
