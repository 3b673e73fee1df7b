"""Prices from the database, and orders: priced, judged by the fraud model, saved."""

from datetime import UTC, datetime
from typing import Annotated, Any

import httpx
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from examples.shop.services.application import make_app
from examples.shop.services.database import Database, DatabaseBusy
from examples.shop.services.defects import DefectsFolder

FRAUD_SECONDS = 2.0
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
