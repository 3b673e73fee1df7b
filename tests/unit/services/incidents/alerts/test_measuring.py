"""What dashboards learn of open incidents."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from services.incidents.alerts.measuring import Gauges, OpenIncidents
from services.incidents.alerts.store import Store
from services.incidents.alerts.webhooks import read_alerts
from services.incidents.database.location import open_database
from tests.unit.services.incidents.benches import InlineDatabase, run
from tests.unit.services.incidents.bodies import START, alert, alertmanager, later
from tests.unit.services.incidents.opinions import storage_latency


class Gauge:
    """The last value by alert, domain and cause."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str, str], float] = {}

    def set(self, amount: float, attributes: dict[str, str], /) -> None:
        self.values[attributes["alert"], attributes["domain"], attributes["cause"]] = amount


class Bench:
    def __init__(self, location: str) -> None:
        self.store = Store(InlineDatabase(open_database(location)), 100)
        self.number, self.started = Gauge(), Gauge()
        self._measured = OpenIncidents(self.store, Gauges(self.number, self.started))

    async def take(self, *alerts: dict[str, Any]) -> None:
        await self.store.record(read_alerts(json.dumps(alertmanager(*alerts)).encode()).alerts)
        await self._measured.measure()

    async def explain(self, incident_id: int) -> None:
        await self.store.add_verdict(incident_id, datetime.now(UTC), storage_latency())
        await self._measured.measure()


@pytest.fixture
def bench(location: str) -> Iterator[Bench]:
    made = Bench(location)
    yield made
    made.store.close()


PENDING = ("Slow", "pending", "no verdict yet")
EXPLAINED = ("Slow", "infrastructure", "storage-latency")


def test_an_incident_is_shown_from_its_first_alert_on_with_its_verdict_until_it_is_over(bench: Bench) -> None:
    async def work() -> None:
        await bench.take(alert("Slow"))
        assert bench.number.values == {PENDING: 1}
        assert bench.started.values == {PENDING: START.timestamp()}
        await bench.explain(1)
        assert bench.number.values == {PENDING: 0, EXPLAINED: 1}
        assert bench.started.values == {PENDING: 0, EXPLAINED: START.timestamp()}
        await bench.take(alert("Slow", ends_at=later(5)))
        assert set(bench.number.values.values()) == set(bench.started.values.values()) == {0}

    run(work)


def test_of_two_alike_the_newer_is_shown(bench: Bench) -> None:
    async def work() -> None:
        await bench.take(alert("Slow", "a"))
        await bench.take(alert("Slow", "b", later(60), labels={"component": "another"}))
        assert bench.number.values == {PENDING: 2}

    run(work)
