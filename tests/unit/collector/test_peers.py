"""Who answers at an address, as whence.yaml says it: in traces, and in what is counted of calls."""

from collections.abc import Iterator
from typing import Any

import pytest

from config import load
from generation.collector import FILE, configure_collector
from tests.e2e.live import eventually
from tests.unit.alerts.chosen import choose
from tests.unit.collector.otelcol import Collector, run_collector, span

CLIENT, SERVER = 3, 2
SETTINGS = (
    'topology: {addresses: {"10.0.0.7:8101": pricing, db-1.internal: orders-db, db-2.internal: orders-db}}'
)


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    folder = tmp_path_factory.mktemp("peers")
    with choose(SETTINGS, folder):
        (folder / FILE).write_text(configure_collector(load())[FILE])
    with run_collector(folder, folder / FILE) as running:
        yield running


@pytest.mark.parametrize(
    ("service", "kind", "peer", "name"),
    [
        ("by-port", CLIENT, {"server.address": "10.0.0.7", "server.port": 8101}, "pricing"),
        ("by-host", CLIENT, {"server.address": "db-2.internal", "server.port": 5432}, "orders-db"),
        ("old-names", CLIENT, {"net.peer.name": "10.0.0.7", "net.peer.port": 8101}, "pricing"),
        ("corrected", CLIENT, {"server.address": "db-1.internal", "peer.service": "db"}, "orders-db"),
        ("other-port", CLIENT, {"server.address": "10.0.0.7", "server.port": 80}, None),
        ("served", SERVER, {"server.address": "10.0.0.7", "server.port": 8101}, None),
    ],
)
def test_calls_to_an_address_are_named(
    collector: Collector, service: str, kind: int, peer: dict[str, Any], name: str | None
) -> None:
    collector.send_spans({"service.name": service}, span("call", peer, kind=kind))
    (kept,) = eventually("the span", lambda: collector.backends.spans(service))
    assert kept.attributes.get("peer.service") == name
    (counted,) = eventually(
        "its count", lambda: collector.backends.points(service, "traces.requests.calls")[:1]
    )
    assert counted.attributes.get("peer.service") == name
