"""A cache and a database in memory, and services without a network between them."""

from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from examples.shop.services.cache import CacheUnavailable
from examples.shop.services.database import DatabaseBusy
from examples.shop.services.defects import DefectsFolder


class FakeCache:
    """A Cache that forgets nothing; `away` makes it unavailable."""

    def __init__(self) -> None:
        self.strings: dict[str, str] = {}
        self.lists: dict[str, list[str]] = {}
        self.away = False

    async def get(self, key: str) -> str | None:
        self._answer()
        return self.strings.get(key)

    async def put(self, key: str, value: str, ttl: int) -> None:
        self._answer()
        self.strings[key] = value

    async def append(self, key: str, value: str, ttl: int) -> None:
        self._answer()
        self.lists.setdefault(key, []).append(value)

    async def read_list(self, key: str) -> list[str]:
        self._answer()
        return self.lists.get(key, [])

    async def delete(self, key: str) -> None:
        self._answer()
        self.lists.pop(key, None)

    def _answer(self) -> None:
        if self.away:
            raise CacheUnavailable("refused")


class FakeDatabase:
    """A Database of three products; `busy` makes it refuse."""

    def __init__(self) -> None:
        self.prices = {1: 100, 2: 250, 3: 3_000_000}
        self.orders: list[tuple[str, int, bool]] = []
        self.busy = False

    async def list_products(self, category: int) -> list[dict[str, Any]]:
        return [{"product": 1, "name": "Product 1"}] if category == 1 else []

    async def quote(self, products: list[int]) -> dict[int, int]:
        if self.busy:
            raise DatabaseBusy("none free")
        return {product: self.prices[product] for product in products if product in self.prices}

    async def save_order(self, customer: str, cents: int, accepted: bool) -> int:
        self.orders.append((customer, cents, accepted))
        return len(self.orders)

    async def count_orders(self) -> dict[str, int]:
        return {"orders": len(self.orders), "cents": sum(cents for _, cents, _ in self.orders)}


def sound(folder: Path, service: str) -> DefectsFolder:
    """No defects until a file of them is written there."""
    return DefectsFolder(folder, service, "1.0.0")


def connect(app: FastAPI) -> httpx.AsyncClient:
    """A client of an application, without a network; an exception in it is a 500."""
    return httpx.AsyncClient(
        base_url="http://service", transport=httpx.ASGITransport(app, raise_app_exceptions=False)
    )
