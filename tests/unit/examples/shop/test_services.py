"""The shop's services on a cache and a database in memory."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from examples.shop.services import fraud, gateway, pricing, reports
from examples.shop.services.defects import Defects
from tests.unit.examples.shop.fakes import FakeCache, FakeDatabase, connect, sound


class ShopUnderTest:
    """Gateway, pricing and fraud, each calling the next; `calls` counts what reaches pricing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache, self.database = FakeCache(), FakeDatabase()
        self.fraud = fraud.create_app(sound(folder, "fraud"))
        self.pricing = pricing.create_app(self.database, connect(self.fraud), sound(folder, "pricing"))
        self.calls = 0
        client = connect(self.pricing)
        client.event_hooks = {"request": [self._count]}
        defects = sound(folder, "gateway")
        self.app = gateway.create_app(self.cache, gateway.Pricing(client, defects), defects)

    async def _count(self, _: httpx.Request) -> None:
        self.calls += 1

    def break_(self, service: str, **defects: Any) -> None:
        content = Defects(service=service, **defects).model_dump_json(exclude_unset=True)
        (self.folder / "fault.json").write_text(content)

    def ask(self, *requests: tuple[str, str] | tuple[str, str, Any]) -> list[httpx.Response]:
        return ask(self.app, *requests)


def ask(app: FastAPI, *requests: tuple[str, str] | tuple[str, str, Any]) -> list[httpx.Response]:
    """The answers to requests (method, path, body), one after the other."""

    async def send() -> list[httpx.Response]:
        async with connect(app) as client:
            return [
                await client.request(request[0], request[1], json=request[2] if len(request) > 2 else None)
                for request in requests
            ]

    return asyncio.run(send())


@pytest.fixture
def shop(tmp_path: Path) -> ShopUnderTest:
    return ShopUnderTest(tmp_path)


def test_a_page_comes_from_the_cache_the_second_time(shop: ShopUnderTest) -> None:
    first, second = shop.ask(("GET", "/products/2"), ("GET", "/products/2"))
    assert first.json() == second.json() == {"product": 2, "cents": 250}
    assert shop.calls == 1


def test_pages_are_shown_without_the_cache_but_carts_are_not(shop: ShopUnderTest) -> None:
    shop.cache.away = True
    page, cart, order = shop.ask(
        ("GET", "/products/2"), ("POST", "/carts/a/items", {"product": 2}), ("POST", "/carts/a/order")
    )
    assert (page.status_code, cart.status_code, order.status_code) == (200, 503, 503)


def test_a_product_that_there_is_not_is_not_found(shop: ShopUnderTest) -> None:
    (answer,) = shop.ask(("GET", "/products/99"))
    assert (answer.status_code, answer.json()["detail"]) == (404, "no product 99")


def test_an_order_is_priced_judged_saved_and_the_cart_is_empty(shop: ShopUnderTest) -> None:
    item = ("POST", "/carts/a/items", {"product": 2})
    *_, order, again = shop.ask(item, item, ("POST", "/carts/a/order"), ("POST", "/carts/a/order"))
    assert order.json() == {"order": 1, "cents": 500, "accepted": True}
    assert shop.database.orders == [("a", 500, True)]
    assert again.status_code == 409


def test_a_suspicious_order_is_not_accepted(shop: ShopUnderTest) -> None:
    item = ("POST", "/carts/a/items", {"product": 3})
    _, order = shop.ask(item, ("POST", "/carts/a/order"))
    assert order.json()["accepted"] is False


def test_a_busy_database_is_503_and_a_broken_release_502(shop: ShopUnderTest) -> None:
    shop.database.busy = True
    (busy,) = shop.ask(("GET", "/products/1"))
    assert busy.status_code == 503
    broken = ShopUnderTest(shop.folder)
    broken.break_("pricing", version="1.0.0", errors=1)
    (answer,) = broken.ask(("GET", "/products/1"))
    assert answer.status_code == 502


def test_without_a_judgement_no_order_is_taken(shop: ShopUnderTest) -> None:
    shop.break_("fraud", errors=1)
    _, order = shop.ask(("POST", "/carts/a/items", {"product": 1}), ("POST", "/carts/a/order"))
    assert order.status_code == 502
    assert shop.database.orders == []


def test_a_gateway_that_retries_multiplies_calls(shop: ShopUnderTest) -> None:
    shop.database.busy = True
    shop.break_("gateway", retries=4)
    (answer,) = shop.ask(("GET", "/products/1"))
    assert (answer.status_code, shop.calls) == (503, 5)


@pytest.mark.parametrize(
    ("path", "body"), [("/carts/a/items", {"product": 0}), ("/carts/a/items", {}), ("/carts/a/items", None)]
)
def test_bad_items_are_refused(shop: ShopUnderTest, path: str, body: Any) -> None:
    (answer,) = shop.ask(("POST", path, body))
    assert answer.status_code == 422


def judge(cents: int, hour: int) -> float:
    return fraud.score(fraud.Sale(cents=cents, items=1, hour=hour))


def test_fraud_grows_with_the_amount_and_at_night() -> None:
    assert 0 < judge(1_000, 12) < judge(100_000, 12) < judge(100_000, 3) < 1


def test_reports_count_the_orders(tmp_path: Path) -> None:
    database = FakeDatabase()
    database.orders = [("a", 500, True), ("b", 250, True)]
    (answer,) = ask(reports.create_app(database, sound(tmp_path, "reports")), ("GET", "/sales"))
    assert answer.json() == {"orders": 2, "cents": 750}


def test_health_is_told_with_the_version_and_has_no_defects(tmp_path: Path) -> None:
    (tmp_path / "fault.json").write_text('{"service": "fraud", "errors": 1}')
    health, score = ask(
        fraud.create_app(sound(tmp_path, "fraud")),
        ("GET", "/healthz"),
        ("POST", "/scores", {"cents": 100, "items": 1, "hour": 12}),
    )
    assert health.json() == {"version": "1.0.0"}
    assert score.status_code == 500
