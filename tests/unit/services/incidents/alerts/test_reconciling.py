"""An alert whose end nobody told ends all the same, and none that still fires does."""

import json
from collections.abc import Iterator
from typing import Any

import anyio
import httpx
import pytest

from prometheus.client import AsyncClient, SourceAway
from services.incidents.alerts.reconciling import Reconciler
from services.incidents.alerts.store import Store
from services.incidents.alerts.webhooks import read_alerts
from services.incidents.database.asynchronous import AsyncDatabase
from services.incidents.database.location import open_database
from services.incidents.stream import Stream
from tests.unit.services.incidents.bodies import alert, alertmanager

NAME = "High Storage Latency"
LABELS = {"alertname": NAME, "severity": "critical", "component": "object storage"}


class Prometheus:
    """Knows one rule."""

    def __init__(self) -> None:
        self.rule: dict[str, Any] = {"name": NAME, "health": "ok", "alerts": []}
        self.answer: object = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/v1/rules"
        return httpx.Response(200, json={"data": self.answer or {"groups": [{"rules": [self.rule]}]}})


class World:
    """A store with one firing alert, and a Prometheus to compare it with."""

    def __init__(self, store: Store) -> None:
        self.prometheus = Prometheus()
        self._store = store
        client = AsyncClient("Prometheus", "http://p", transport=httpx.MockTransport(self.prometheus))
        self._reconciler = Reconciler(store, Stream(), client)
        anyio.run(store.record, read_alerts(json.dumps(alertmanager(alert())).encode()).alerts)

    def look(self) -> str:
        """The incident's status after a look."""
        anyio.run(self._reconciler.look)
        [incident] = anyio.run(self._store.select, 10)
        return incident.status


@pytest.fixture
def world(location: str) -> Iterator[World]:
    store = Store(AsyncDatabase(open_database(location)), 100)
    yield World(store)
    store.close()


def test_what_prometheus_no_longer_raises_ends_at_the_second_look(world: World) -> None:
    assert [world.look() for _ in range(2)] == ["firing", "resolved"]


def test_what_is_raised_goes_on(world: World) -> None:
    world.prometheus.rule["alerts"] = [{"labels": LABELS, "state": "firing"}]
    assert [world.look() for _ in range(3)] == ["firing"] * 3


def test_one_look_without_it_is_forgiven(world: World) -> None:
    world.look()
    world.prometheus.rule["alerts"] = [{"labels": LABELS, "state": "pending"}]
    world.look()
    world.prometheus.rule["alerts"] = []
    assert world.look() == "firing"


def test_another_of_its_rule_does_not_keep_it(world: World) -> None:
    world.prometheus.rule["alerts"] = [{"labels": LABELS | {"severity": "info"}, "state": "firing"}]
    assert [world.look() for _ in range(2)] == ["firing", "resolved"]


@pytest.mark.parametrize("change", [{"name": "Another Rule"}, {"health": "unknown"}])
def test_a_rule_that_is_not_there_or_not_evaluated_yet_says_nothing(
    world: World, change: dict[str, str]
) -> None:
    world.prometheus.rule |= change
    assert [world.look() for _ in range(3)] == ["firing"] * 3


@pytest.mark.parametrize("answer", [[], {"groups": None}, {"groups": [{"rules": [{"name": NAME}]}]}])
def test_an_answer_that_is_not_the_apis_ends_nothing_and_is_a_source_away(
    world: World, answer: object
) -> None:
    world.look()
    world.prometheus.answer = answer or ["no groups"]
    with pytest.raises(SourceAway, match="not its API's"):
        world.look()
    world.prometheus.answer = None
    world.prometheus.rule["alerts"] = [{"labels": LABELS}]
    assert world.look() == "firing"
