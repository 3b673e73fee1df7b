"""What the services keep in their database."""

from typing import Any, Protocol


class DatabaseBusy(Exception):
    """No connection came free in time."""


class Database(Protocol):
    """What the services ask the database for. Raises DatabaseBusy, or what the driver raises."""

    async def list_products(self, category: int) -> list[dict[str, Any]]: ...
    async def quote(self, products: list[int]) -> dict[int, int]: ...
    async def save_order(self, customer: str, cents: int, accepted: bool) -> int: ...
    async def count_orders(self) -> dict[str, int]: ...
