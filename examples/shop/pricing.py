"""Prices from the database, and orders: priced, judged by the fraud model, saved."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import httpx
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from examples.shop.database import Database, DatabaseBusy, PostgresDatabase
from examples.shop.defects import DefectsFolder
from examples.shop.service import make_app, read_defects

FRAUD_SECONDS = 2.0
CONNECT_RETRIES = 3
REFUSED_FROM = 0.9


class Order(BaseModel):
    """A cart to be bought."""

    customer: Annotated[str, Field(max_length=100)]
    items: Annotated[list[int], Field(min_length=1, max_length=50)]


def create_app(
    database: Database, fraud: httpx.AsyncClient, defects: DefectsFolder, lifespan: Any = None
) -> FastAPI:
    """The pricing service on a database and a fraud model."""
    app = make_app("Pricing", defects, lifespan)
    app.add_exception_handler(DatabaseBusy, _say_busy)

    @app.get("/products")
    async def list_products(category: int) -> list[dict[str, Any]]:
        return await database.list_products(category)

    @app.get("/quotes/{product}")
    async def quote(product: int) -> dict[str, int]:
        prices = await database.quote([product])
        if product not in prices:
            raise HTTPException(404, f"no product {product}")
        return {"product": product, "cents": prices[product]}

    @app.post("/orders")
    async def order(order: Order) -> dict[str, Any]:
        prices = await database.quote(order.items)
        cents = sum(prices.get(item, 0) for item in order.items)
        accepted = await _judge(fraud, cents, len(order.items)) < REFUSED_FROM
        number = await database.save_order(order.customer, cents, accepted)
        return {"order": number, "cents": cents, "accepted": accepted}

    return app


def serve() -> FastAPI:
    """The pricing service as uvicorn starts it, on the addresses in the environment."""
    defects = read_defects("pricing")
    database = PostgresDatabase(os.environ["DATABASE_URL"], defects)
    fraud = httpx.AsyncClient(
        base_url=os.environ["FRAUD_URL"], transport=httpx.AsyncHTTPTransport(retries=CONNECT_RETRIES)
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await database.open()
        yield
        await database.close()
        await fraud.aclose()

    return create_app(database, fraud, defects, lifespan)


async def _judge(fraud: httpx.AsyncClient, cents: int, items: int) -> float:
    """How likely an order is fraud, 0–1; an order that nobody can judge is not taken."""
    body = {"cents": cents, "items": items, "hour": datetime.now(UTC).hour}
    try:
        response = await fraud.post("/scores", json=body, timeout=FRAUD_SECONDS)
        response.raise_for_status()
    except httpx.HTTPError as error:
        raise HTTPException(502, "no answer from the fraud model") from error
    return float(response.json()["fraud"])


async def _say_busy(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": f"no database connection: {error}"}, 503)
