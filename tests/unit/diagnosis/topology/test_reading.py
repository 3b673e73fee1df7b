"""A system is read from the labels of its calls."""

import numpy as np
import pytest

from diagnosis import Evidence
from diagnosis.signals.series import AlignedSeries, Values
from diagnosis.sources.evidence import Labelled, pack
from diagnosis.topology.blame import System
from diagnosis.topology.entity import Call, Entity, Kind
from diagnosis.topology.queries import split_signals
from diagnosis.topology.reading import Directory, learn_addresses, read_system
from jaeger.client import Span, Trace
from telemetry import attributes as a

GATEWAY, PRICING = (Entity(Kind.SERVICE, name) for name in ("gateway", "pricing"))
PEERS = {
    "pricing": {"server_address": "10.0.0.7", "server_port": "8101"},
    "postgresql": {"server_address": "db", "server_port": "5432", "db_system_name": "postgresql"},
}
SIGNALS = {"cpu": 0.5, "memory": 1e8}
POSTGRES = Entity(Kind.DATABASE, "postgresql@db:5432")


def series(labels: dict[str, str], value: float) -> Labelled:
    return Labelled(labels=labels, values=pack([(at, value) for at in range(0, 101, 5)]))


def evidence(**found: list[Labelled]) -> AlignedSeries:
    return AlignedSeries(Evidence(start=0, end=100, series=found))


def mean_seconds(system: System, entity: Entity) -> Values:
    seconds = system.served[entity].seconds
    assert seconds is not None
    return seconds


def span(span_id: str, parent: str | None, service: str, **tags: object) -> Span:
    return Span(span_id, parent, "any", service, 0.0, 1.0, tags, {})


@pytest.mark.parametrize(
    ("labels", "callee"),
    [
        ({"server_address": "pricing"}, PRICING),
        ({"server_address": "pricing.shop.svc.cluster.local", "server_port": "80"}, PRICING),
        ({"server_address": "10.0.0.7", "server_port": "8101"}, PRICING),
        ({"peer_service": "pricing", "server_address": "lb"}, PRICING),
        ({"server_address": "10.0.0.9", "server_port": "80"}, Entity(Kind.PEER, "10.0.0.9:80")),
        (PEERS["postgresql"], POSTGRES),
        ({"db_system_name": "redis"}, Entity(Kind.CACHE, "redis")),
        ({"messaging_system": "kafka", "server_address": "k"}, Entity(Kind.QUEUE, "kafka@k")),
        ({"rpc_service": "S3", "server_address": "s3.aws"}, Entity(Kind.STORAGE, "S3@s3.aws")),
        ({"rpc_service": "DynamoDB"}, Entity(Kind.DATABASE, "DynamoDB")),
        ({"gen_ai_provider_name": "openai", "server_address": "api"}, Entity("llm", "openai@api")),
        ({"peer_service": "mainframe"}, Entity(Kind.PEER, "mainframe")),
        ({"peer_service": "mainframe", "server_address": "10.0.0.9"}, Entity(Kind.PEER, "mainframe")),
        ({**PEERS["postgresql"], "peer_service": "orders"}, Entity(Kind.DATABASE, "postgresql@orders")),
        ({"peer_service": "gateway", "server_address": "10.0.0.7", "server_port": "8101"}, GATEWAY),
        ({}, Entity(Kind.PEER, "unnamed")),
    ],
)
def test_a_callee_is_named_by_what_its_callers_say(labels: dict[str, str], callee: Entity) -> None:
    directory = Directory(frozenset({"gateway", "pricing"}), {"10.0.0.7:8101": "pricing"})
    assert directory.callee(labels) == callee


def test_addresses_are_learned_from_traces() -> None:
    spans = (
        span("1", None, "gateway"),
        span("2", "1", "gateway", **{a.SERVER_ADDRESS: "10.0.0.7", a.SERVER_PORT: 8101}),
        span("3", "2", "pricing"),
        span("4", "3", "pricing", **{a.SERVER_ADDRESS: "db", a.SERVER_PORT: 5432}),
        span("5", "gone", "fraud"),
    )
    assert learn_addresses([Trace("t", 0.0, spans)]) == {"10.0.0.7:8101": "pricing"}


def test_a_system_has_its_services_its_dependencies_and_what_passes_between_them() -> None:
    pricing, postgres = ({"service_name": caller, **PEERS[peer]} for caller, peer in CALLERS)
    aligned = evidence(
        served=[series({"service_name": "gateway"}, 10.0), series({"service_name": "pricing"}, 6.0)],
        served_failed=[series({"service_name": "pricing"}, 3.0)],
        served_seconds=[series({"service_name": "gateway"}, 2.0)],
        called=[
            series({**pricing, "status_code": "STATUS_CODE_UNSET"}, 3.0),
            series({**pricing, "status_code": "STATUS_CODE_ERROR", "error_type": "500"}, 3.0),
            series({**postgres, "status_code": "STATUS_CODE_UNSET"}, 12.0),
        ],
        called_seconds=[series(pricing, 1.2), series(postgres, 0.6)],
    )
    system = read_system(aligned, {"10.0.0.7:8101": "pricing"})
    assert system.topology.calls == {Call(GATEWAY, PRICING), Call(PRICING, POSTGRES)}
    np.testing.assert_allclose(mean_seconds(system, GATEWAY), 0.2)
    np.testing.assert_allclose(system.served[GATEWAY].failed, 0.0)
    np.testing.assert_allclose(system.served[PRICING].failed, 0.5)
    call = system.calls[Call(GATEWAY, PRICING)]
    np.testing.assert_allclose(call.rate, 6.0)
    np.testing.assert_allclose(call.failed, 0.5)
    np.testing.assert_allclose(system.served[POSTGRES].rate, 12.0)
    np.testing.assert_allclose(mean_seconds(system, POSTGRES), 0.05)


def test_calls_that_are_declared_count_between_services_that_are_seen() -> None:
    declared = [
        series({"service_name": "gateway", "callee": "pricing"}, 1.0),
        series({"service_name": "gateway", "callee": "ledger"}, 1.0),
    ]
    served = [series({"service_name": name}, 1.0) for name in ("gateway", "pricing")]
    system = read_system(evidence(served=served, declared=declared), {})
    assert system.topology.calls == {Call(GATEWAY, PRICING)}
    assert not system.calls


CALLERS = (("gateway", "pricing"), ("pricing", "postgresql"))


def test_addresses_of_one_service_are_one_callee() -> None:
    replicas = [
        series({"service_name": "gateway", "server_address": f"10.0.0.{host}", "server_port": "80"}, 2.0)
        for host in (1, 2)
    ]
    aligned = evidence(served=[series({"service_name": "pricing"}, 4.0)], called=replicas)
    system = read_system(aligned, {"10.0.0.1:80": "pricing", "10.0.0.2:80": "pricing"})
    assert list(system.calls) == [Call(GATEWAY, PRICING)]
    np.testing.assert_allclose(system.calls[Call(GATEWAY, PRICING)].rate, 4.0)


def test_a_dependency_of_two_callers_is_what_both_saw() -> None:
    peer = PEERS["postgresql"]
    aligned = evidence(
        called=[
            series({"service_name": "gateway", **peer}, 1.0),
            series({"service_name": "pricing", **peer}, 3.0),
        ],
        called_seconds=[
            series({"service_name": "gateway", **peer}, 1.0),
            series({"service_name": "pricing", **peer}, 0.6),
        ],
    )
    system = read_system(aligned, {})
    np.testing.assert_allclose(system.served[POSTGRES].rate, 4.0)
    np.testing.assert_allclose(mean_seconds(system, POSTGRES), 0.4)


def test_series_without_a_service_are_left_out() -> None:
    peer = PEERS["postgresql"]
    aligned = evidence(served=[series({}, 4.0)], called=[series({**peer}, 1.0)])
    assert read_system(aligned, {}).topology.entities == frozenset()


def test_without_telemetry_there_is_no_system() -> None:
    assert read_system(evidence(), {}).topology.entities == frozenset()


def test_signals_of_one_query_become_results_of_their_own() -> None:
    rows = [series({"service_name": "pricing", "signal": name}, value) for name, value in SIGNALS.items()]
    found = split_signals({"signals": rows, "served": [series({}, 3.0)]})
    assert found.keys() == {"cpu", "memory", "served"}
    aligned = evidence(**found)
    assert [aligned.one(name, service_name="pricing")[0] for name in SIGNALS] == [*SIGNALS.values()]
    assert found["cpu"][0].labels == {"service_name": "pricing"}
