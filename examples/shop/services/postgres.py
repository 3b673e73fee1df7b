"""The shop's tables in PostgreSQL, through a small pool of connections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout, TooManyRequests

from examples.shop.services.database import DatabaseBusy
from examples.shop.services.defects import DefectsFolder

CONNECTIONS = 2
WAIT_SECONDS = 1.0
WAITING = 40
RECONNECT_SECONDS = 10.0


class PostgresDatabase:
    """A Database in PostgreSQL; a connection goes back into the pool `defects.hold` seconds late."""

    def __init__(self, url: str, defects: DefectsFolder) -> None:
        self._defects = defects
        self._late: set[asyncio.Task[None]] = set()
        self._pool = AsyncConnectionPool(
            url,
            min_size=CONNECTIONS,
            max_size=CONNECTIONS,
            timeout=WAIT_SECONDS,
            max_waiting=WAITING,
            reconnect_timeout=RECONNECT_SECONDS,
            kwargs={"autocommit": True},
            open=False,
        )

    async def open(self) -> None:
        await self._pool.open(wait=False)

    async def close(self) -> None:
        for task in self._late:
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)
        await self._pool.close()

    async def list_products(self, category: int) -> list[dict[str, Any]]:
        """The products of a category by id."""
        query = "SELECT id, name FROM products WHERE category = %s ORDER BY id"
        rows = await self._query(query, (category,))
        return [{"product": product, "name": name} for product, name in rows]

    async def quote(self, products: list[int]) -> dict[int, int]:
        """Today's prices in cents, of those products that there are."""
        rows = await self._query("SELECT product, cents FROM quote(%s)", (products,))
        return {product: cents for product, cents in rows}

    async def save_order(self, customer: str, cents: int, accepted: bool) -> int:
        """The number of the new order."""
        query = "INSERT INTO orders (customer, cents, accepted) VALUES (%s, %s, %s) RETURNING id"
        [(number,)] = await self._query(query, (customer, cents, accepted))
        return int(number)

    async def count_orders(self) -> dict[str, int]:
        """Orders and cents of the last hour."""
        query = "SELECT count(*), coalesce(sum(cents), 0) FROM orders WHERE at > now() - interval '1 hour'"
        [(orders, cents)] = await self._query(query, ())
        return {"orders": int(orders), "cents": int(cents)}

    async def _query(self, query: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        async with self._connection() as connection:
            cursor = await connection.execute(query, values)
            rows: list[tuple[Any, ...]] = await cursor.fetchall()
        return rows

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        try:
            connection = await self._pool.getconn()
        except (PoolTimeout, TooManyRequests) as error:
            raise DatabaseBusy(str(error)) from error
        try:
            yield connection
        finally:
            await self._give_back(connection)

    async def _give_back(self, connection: AsyncConnection) -> None:
        hold = self._defects.now.hold
        if not hold:
            await self._pool.putconn(connection)
            return
        task = asyncio.create_task(self._give_back_late(connection, hold))
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _give_back_late(self, connection: AsyncConnection, seconds: float) -> None:
        try:
            await asyncio.sleep(seconds)
        finally:
            await self._pool.putconn(connection)
