"""Which alerts are one incident, with a map of who calls whom that is read from a stand-in for Prometheus."""

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from fastapi import FastAPI

from prometheus.client import AsyncClient
from services.incidents.alerts.service_map import ASKED_AGAIN, MOST, REMEMBERED, ServiceMap, remember
from services.incidents.alerts.store import Store
from services.incidents.alerts.webhooks import read_alerts
from services.incidents.database import schema
from services.incidents.database.asynchronous import AsyncDatabase
from services.incidents.database.location import open_database
from services.instrumentation import NATIVE_TELEMETRY_OFF
from tests.e2e.live import eventually
from tests.unit.services.incidents.bodies import START, alert, alertmanager, later
from tests.unit.services.incidents.running import incidents_service, serve
from tests.unit.services.incidents.web.test_topology import POSTGRES, PRICING, source

Series = list[tuple[dict[str, str], float]]
Results = Mapping[str, Series]

FRAUD = {"service_name": "pricing", "peer_service": "fraud"}
BILLING = {"service_name": "billing", "server_address": "db", "db_system_name": "postgresql"}
SQLITE = {"db_system_name": "sqlite"}
MAP: Results = {
    "served": [
        ({"service_name": name}, 5.0)
        for name in ("gateway", "pricing", "fraud", "billing", "mailer", "search", "recommender")
    ],
    "called": [
        *((labels, 5.0) for labels in (PRICING, POSTGRES, FRAUD, BILLING)),
        ({"service_name": "mailer", **SQLITE}, 1.0),
        ({"service_name": "search", **SQLITE}, 1.0),
        ({"service_name": "site", "peer_service": "recommender"}, 1.0),
    ],
}


class Sources:
    """Prometheus and Jaeger, which can be away, and what they were asked."""

    def __init__(self, results: Results = MAP) -> None:
        self.results = results
        self.away = False
        self.asked: list[str] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            raise httpx.ConnectError("away")
        self.asked.append(request.url.path)
        transport = httpx.ASGITransport(source(dict(self.results)))
        answer = await transport.handle_async_request(request)
        return httpx.Response(answer.status_code, content=await answer.aread())

    def client(self, name: str) -> AsyncClient:
        return AsyncClient(name, "http://source", transport=httpx.MockTransport(self))


class Desk:
    """A store with a map, fed with alerts of services."""

    def __init__(self, location: str, sources: Sources | None = None) -> None:
        self.sources = sources or Sources()
        self.now = 1_000_000.0
        self.map = ServiceMap(
            self.sources.client("Prometheus"), self.sources.client("Jaeger"), lambda: self.now
        )
        self._location = location
        self.store = Store(AsyncDatabase(open_database(location)), 100_000, self.map.connect)

    @property
    def searches(self) -> int:
        return self.sources.asked.count("/api/traces")

    def refresh(self) -> None:
        anyio.run(self.map.refresh)

    def take(self, *alerts: dict[str, Any]) -> None:
        received = read_alerts(json.dumps(alertmanager(*alerts)).encode()).alerts
        anyio.run(self.store.record, received)

    def reopen(self) -> None:
        self.store.close()
        self.store = Store(AsyncDatabase(open_database(self._location)), 100_000, self.map.connect)

    @property
    def incidents(self) -> list[list[str]]:
        """The services of each incident, the oldest first; an alert without one is there by its name."""
        found = anyio.run(self.store.select, 100_000)
        return [
            sorted({alert.service or alert.name for alert in incident.alerts}) for incident in reversed(found)
        ]


@pytest.fixture
def desk(location: str) -> Iterator[Desk]:
    desk = Desk(location)
    desk.refresh()
    yield desk
    desk.store.close()


def of(service: str, starts_at: datetime = START, name: str = "Server Errors", **more: Any) -> dict[str, Any]:
    """An alert of a service."""
    labels = {"service_name": service, "component": "service", **more.pop("labels", {})}
    return alert(name, f"{name} {service}", starts_at, labels=labels, **more)


COLLECTOR_DOWN = alert("Collector Down", "down", labels={"component": "pipeline", "job": "collector"})


def silent(service: str, starts_at: datetime = START) -> dict[str, Any]:
    return of(service, starts_at, "Telemetry Silent", labels={"follows": "collector-down"})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("gateway", "pricing", id="caller and callee"),
        pytest.param("pricing", "gateway", id="callee and caller"),
        pytest.param("gateway", "fraud", id="over several calls"),
        pytest.param("pricing", "billing", id="a common database"),
        pytest.param("gateway", "billing", id="a common database over several calls"),
        pytest.param("site", "recommender", id="a caller of the stack"),
        pytest.param("ingest", "recommender", id="the stack's own"),
    ],
)
@pytest.mark.parametrize("seconds", [0, 200])
def test_connected_services_in_trouble_are_one_incident(
    desk: Desk, one: str, other: str, seconds: int
) -> None:
    desk.take(of(one))
    desk.take(of(other, later(seconds / 60)))
    assert desk.incidents == [sorted([one, other])]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("gateway", "mailer", id="nothing in common"),
        pytest.param("fraud", "billing", id="no call from one to the other"),
        pytest.param("mailer", "search", id="databases without an address"),
        pytest.param("gateway", "recommender", id="the stack's own and another"),
        pytest.param("stranger", "other-stranger", id="services nobody knows"),
        pytest.param("stranger", "gateway", id="a service nobody knows"),
    ],
)
def test_unrelated_services_in_trouble_at_once_are_two_incidents(desk: Desk, one: str, other: str) -> None:
    desk.take(of(one), of(other))
    assert desk.incidents == [[one], [other]]


def test_connected_services_in_trouble_at_other_times_are_two_incidents(desk: Desk) -> None:
    desk.take(of("gateway", labels={"component": "budget"}))
    desk.take(of("pricing", later(6)))
    assert desk.incidents == [["gateway"], ["pricing"]]


def test_alerts_of_several_services_in_one_webhook_are_told_apart(desk: Desk) -> None:
    services = ("gateway", "mailer", "pricing", "recommender", "billing", "search")
    desk.take(*(of(service, later(n / 60)) for n, service in enumerate(services)))
    assert desk.incidents == [["billing", "gateway", "pricing"], ["mailer"], ["recommender"], ["search"]]


def test_an_alert_that_fires_for_hours_takes_no_unrelated_service_in(desk: Desk) -> None:
    desk.take(of("gateway"))
    desk.take(of("mailer", later(60)), of("pricing", later(60)))
    assert desk.incidents == [["gateway", "pricing"], ["mailer"]]


def test_the_stack_and_alerts_without_a_service_are_together_as_ever(desk: Desk) -> None:
    desk.take(of("recommender"))
    desk.take(alert("Storage Server Down", "down", later(1)), of("gateway", later(1)))
    assert desk.incidents == [["Storage Server Down", "recommender"], ["gateway"]]


def test_flapping_and_restarts_leave_alerts_where_they_were(desk: Desk) -> None:
    for minute in range(4):
        desk.take(of("gateway", later(minute)), of("mailer", later(minute)))
        desk.reopen()
        ended = later(minute + 0.5)
        desk.take(of("gateway", later(minute), ends_at=ended), of("mailer", later(minute), ends_at=ended))
    desk.take(of("gateway", START), of("mailer", START))
    assert desk.incidents == [["gateway"], ["mailer"]]


def test_without_a_map_time_decides_and_the_stack_is_apart(location: str) -> None:
    desk = Desk(location)
    desk.sources.away = True
    desk.refresh()
    desk.take(
        of("gateway"),
        of("mailer"),
        of("recommender"),
        of("search", later(9), "Other", labels={"component": "x"}),
    )
    assert desk.incidents == [["gateway", "mailer"], ["recommender"], ["search"]]
    desk.store.close()


def test_the_last_map_holds_while_prometheus_is_away_or_knows_nothing(desk: Desk) -> None:
    desk.sources.away = True
    desk.refresh()
    desk.sources.away, desk.sources.results = False, {}
    desk.now += REMEMBERED - 1
    desk.refresh()
    desk.take(of("gateway"), of("pricing"), of("mailer"))
    assert desk.incidents == [["gateway", "pricing"], ["mailer"]]


def test_a_call_of_long_ago_connects_nobody(desk: Desk) -> None:
    desk.now += REMEMBERED + 1
    desk.sources.results = {"served": MAP["served"], "called": [(POSTGRES, 1.0)]}
    desk.refresh()
    desk.take(of("gateway"), of("pricing"))
    assert desk.incidents == [["gateway"], ["pricing"]]


def test_traces_are_looked_at_for_addresses_only_now_and_then(desk: Desk) -> None:
    """Also for known ones, which may be another service's by then."""
    assert desk.searches == 4, "of gateway's calls to an address, in each slice of the time"
    unknown = {"service_name": "gateway", "server_address": "api.example.com"}
    desk.sources.results = {**MAP, "called": [*MAP["called"], (unknown, 1.0)]}
    for pause, expected in ((45, 8), (45, 8), (ASKED_AGAIN, 16), (45, 16)):
        desk.now += pause
        desk.refresh()
        assert desk.searches == expected


def test_of_many_addresses_each_has_its_turn(desk: Desk) -> None:
    unknown = [{"service_name": "gateway", "server_address": f"api-{n}.example.com"} for n in range(50)]
    desk.sources.results = {**MAP, "called": [(labels, 1.0) for labels in unknown]}
    found = []
    for _ in range(4):
        before = desk.searches
        desk.now += 45
        desk.refresh()
        found.append(desk.searches - before)
    assert found == [80, 80, 40, 0]


def test_an_address_is_told_while_it_is_called(desk: Desk) -> None:
    assert desk.map.addresses == {"10.0.0.7:8101": "pricing"}
    desk.sources.results = {**MAP, "called": [(POSTGRES, 1.0)]}
    desk.now += 45
    desk.refresh()
    assert desk.map.addresses == {}


def test_addresses_that_come_and_go_are_remembered_up_to_a_bound() -> None:
    known = {f"10.0.0.1:{number}": "gateway" for number in range(MOST)}
    known = remember(known, {"10.0.0.2:80": "pricing", "10.0.0.1:7": "fraud"})
    assert len(known) == MOST
    assert "10.0.0.1:0" not in known
    assert list(known.items())[-2:] == [("10.0.0.2:80", "pricing"), ("10.0.0.1:7", "fraud")]


def test_an_outage_of_the_collector_is_one_incident(desk: Desk) -> None:
    services = ("gateway", "mailer", "search", "recommender", "stranger")
    desk.take(COLLECTOR_DOWN)
    desk.take(*(silent(service, later(1.5)) for service in services))
    desk.take(silent("fraud", later(20)))
    assert desk.incidents == [sorted(["Collector Down", "fraud", *services])]


def test_lost_telemetry_without_trouble_of_the_collector_belongs_to_the_services(desk: Desk) -> None:
    desk.take({**COLLECTOR_DOWN, "status": "resolved", "endsAt": later(2).isoformat()})
    desk.take(silent("gateway", later(8)), silent("mailer", later(8)))
    assert desk.incidents == [["Collector Down"], ["gateway"], ["mailer"]]


def test_other_trouble_during_an_outage_of_the_collector_is_not_its(desk: Desk) -> None:
    desk.take(COLLECTOR_DOWN)
    desk.take(of("gateway", later(1)))
    assert desk.incidents == [["Collector Down"], ["gateway"]]


def test_a_thousand_alerts_at_once_are_grouped_in_seconds(location: str) -> None:
    """Of a hundred chains of five services; takes 1 s."""
    names = [f"service-{n}" for n in range(500)]
    served: Series = [({"service_name": name}, 1.0) for name in names]
    calls = [(names[n], names[n + 1]) for n in range(499) if n % 5 < 4]
    called: Series = [({"service_name": one, "peer_service": other}, 1.0) for one, other in calls]
    desk = Desk(location, Sources({"served": served, "called": called}))
    desk.refresh()
    sent = [of(name, later(n % 3), title) for n, name in enumerate(names) for title in ("A", "B")]
    began = time.process_time()
    desk.take(*sent)
    took = time.process_time() - began
    assert [len(services) for services in desk.incidents] == 100 * [5]
    assert took < 5, f"{took:.1f} s"
    desk.store.close()


def test_a_webhook_does_not_wait_for_prometheus(tmp_path: Path) -> None:
    async def hang() -> None:
        await asyncio.sleep(5)

    app = FastAPI(telemetry=NATIVE_TELEMETRY_OFF)
    app.add_api_route("/api/v1/query_range", hang, methods=["POST"])
    with serve(app) as address, incidents_service(tmp_path, prometheus_url=address) as client:
        began = time.monotonic()
        client.post("/webhooks/alerts", json=alertmanager(of("gateway"))).raise_for_status()
        assert time.monotonic() - began < 2


def test_a_running_service_reads_its_map_by_itself(tmp_path: Path) -> None:
    with (
        serve(source(dict(MAP))) as address,
        incidents_service(tmp_path, prometheus_url=address, jaeger_url=address) as client,
    ):
        tries = count()

        def post_two() -> int:
            """Alerts of a time of their own, which have ended: they do not join those of the tries before."""
            minute = -20 * next(tries)
            sent = [of(name, later(minute), ends_at=later(minute + 1)) for name in ("gateway", "mailer")]
            answer = client.post("/webhooks/alerts", json=alertmanager(*sent)).raise_for_status()
            return len(answer.json()["incidents"])

        eventually("two incidents", lambda: post_two() == 2, 30, every=0.2)


def test_alerts_from_before_there_were_services_keep_theirs(
    location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:4])
        database = open_database(location)
    with closing(database), database.writing() as connection:
        connection.execute("INSERT INTO incidents (started_at) VALUES (:at)", {"at": START.timestamp()})
        for name, labels in (("a", {"service_name": "gateway"}), ("b", {})):
            connection.execute(
                "INSERT INTO alerts VALUES"
                " (1, :name, :at, NULL, 'Old', 'critical', 'service', :labels, '{}')",
                {"name": name, "at": START.timestamp(), "labels": json.dumps(labels)},
            )
    desk = Desk(location)
    desk.refresh()
    desk.take(of("pricing", later(1)), of("mailer", later(1)), of("recommender", later(1)))
    assert desk.incidents == [["Old", "gateway", "pricing", "recommender"], ["mailer"]]
    desk.store.close()
