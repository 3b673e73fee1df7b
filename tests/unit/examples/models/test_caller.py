"""Callers keep their rate, tell outcomes when they are known, and stay within their bounds."""

import asyncio
from collections.abc import Callable

import httpx
import pytest

from examples.models import caller as callers
from examples.models.caller import Caller, Counted
from tests.unit.examples.models.live import Service


def call(
    service: Service,
    *,
    delay: float = 0.2,
    rate: float = 60,
    seconds: float = 1.5,
    until: Callable[[Caller], bool] = lambda _: False,
) -> Counted:
    """What callers count of a service that they call for some seconds, or until something is so."""

    async def run() -> Counted:
        async with service.connect() as client:
            caller = Caller(service.example, client, service.changes(), rate=rate, seed=2, delay=delay)
            running = asyncio.create_task(caller.run(asyncio.get_running_loop().time() + seconds))
            while not running.done() and not until(caller):
                await asyncio.sleep(0.05)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            return caller.counted

    return asyncio.run(run())


def test_outcomes_are_told_and_both_sides_count_the_same(deliveries: Service) -> None:
    counted = call(deliveries, seconds=20, until=lambda caller: caller.counted.told >= 20)
    assert counted.failed == counted.untold == 0
    assert sum(deliveries.read("model.labels").values()) == counted.told >= 20
    assert 1.5 < counted.summarise()["loss"] < 5


@pytest.mark.parametrize("name", ["checkout", "deliveries"])
def test_in_peace_values_are_of_the_kinds_that_the_reference_has(
    name: str, request: pytest.FixtureRequest
) -> None:
    service: Service = request.getfixturevalue(name)
    sent = call(service, seconds=20, until=lambda caller: caller.counted.sent >= 100).sent
    values = service.read("model.feature.values", "feature", "bin")
    faulty = {key: n for key, n in values.items() if n and key[1] in ("missing", "unseen", "wrong_type")}
    assert not faulty
    assert sum(n for (feature, _), n in values.items() if feature == "@prediction") >= sent


def test_late_outcomes_are_not_told_yet(checkout: Service) -> None:
    checkout.change(delay=60)
    counted = call(checkout)
    assert counted.told == 0
    assert counted.sent > 20


def test_a_fault_shows_in_what_callers_count(deliveries: Service) -> None:
    deliveries.change(multiply={"distance": 1000})
    assert call(deliveries).summarise()["loss"] > 20


def test_the_rate_grows_within_its_bound(checkout: Service) -> None:
    checkout.change(rate=4)
    client = httpx.AsyncClient(base_url="http://service")
    assert Caller(checkout.example, client, checkout.changes(), rate=10, seed=1, delay=1).rate == 40
    assert Caller(checkout.example, client, checkout.changes(), rate=90, seed=1, delay=1).rate == 100


def test_what_waits_to_be_told_is_bounded(checkout: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "UNTOLD", 5)
    counted = call(checkout, delay=600)
    assert counted.untold == counted.sent - 5


def test_requests_under_way_are_bounded(checkout: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "IN_FLIGHT", 0)
    counted = call(checkout)
    assert counted.failed == counted.sent > 0
    assert not checkout.read("model.predictions")


def test_answers_that_do_not_come_are_counted(checkout: Service) -> None:
    checkout.change(version="9.9.9")
    counted = call(checkout)
    assert counted.failed == counted.sent > 0
