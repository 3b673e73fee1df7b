"""What users call: pages from the cache or from pricing, carts in the cache, orders through pricing."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated, Any

import httpx
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

from examples.shop.services.application import make_app
from examples.shop.services.cache import Cache, CacheUnavailable
from examples.shop.services.defects import DefectsFolder

PRICING_SECONDS = 3.0
PRODUCT_TTL, LIST_TTL, CART_TTL = 5, 30, 600
LARGEST_CART = 50


class Item(BaseModel):
    """A product to put into a cart."""

    product: Annotated[int, Field(ge=1)]


class Pricing:
    """Calls to the pricing service. Failures become 502, 503 or 504 for the user."""

    def __init__(self, client: httpx.AsyncClient, defects: DefectsFolder) -> None:
        self._client = client
        self._defects = defects

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        defects = self._defects.now
        status = 502
        for _ in range(1 + defects.retries):
            try:
                response = await self._client.request(
                    method, path, json=body, timeout=defects.timeout or PRICING_SECONDS
                )
            except httpx.TransportError as error:
                status = 504 if isinstance(error, httpx.TimeoutException) else 502
                continue
            if response.status_code < 500:
                return _read(response)
            status = 503 if response.status_code == 503 else 502
        raise HTTPException(status, "no answer from pricing")


def create_app(cache: Cache, pricing: Pricing, defects: DefectsFolder, lifespan: Any = None) -> FastAPI:
    """The gateway on a cache and a pricing service."""
    app = make_app("Gateway", defects, lifespan)

    @app.get("/products")
    async def list_products(category: Annotated[int, Field(ge=0, le=9)] = 0) -> Any:
        return await _cached(cache, f"list:{category}", LIST_TTL, pricing, f"/products?category={category}")

    @app.get("/products/{product}")
    async def show_product(product: int) -> Any:
        return await _cached(cache, f"product:{product}", PRODUCT_TTL, pricing, f"/quotes/{product}")

    @app.post("/carts/{cart}/items", status_code=201)
    async def add_to_cart(cart: str, item: Item) -> dict[str, str]:
        with _cart_needed():
            await cache.append(f"cart:{cart}", str(item.product), CART_TTL)
        return {"cart": cart}

    @app.post("/carts/{cart}/order")
    async def order(cart: str) -> Any:
        with _cart_needed():
            items = await cache.read_list(f"cart:{cart}")
        if not items:
            raise HTTPException(409, "the cart is empty")
        body = {"customer": cart, "items": [int(item) for item in items[:LARGEST_CART]]}
        answer = await pricing.ask("POST", "/orders", body)
        with suppress(CacheUnavailable):
            await cache.delete(f"cart:{cart}")
        return answer

    return app


async def _cached(cache: Cache, key: str, ttl: int, pricing: Pricing, path: str) -> Any:
    """A page from the cache, else from pricing; without a cache the shop goes on."""
    with suppress(CacheUnavailable):
        if page := await cache.get(key):
            return json.loads(page)
    answer = await pricing.ask("GET", path)
    with suppress(CacheUnavailable):
        await cache.put(key, json.dumps(answer), ttl)
    return answer


@contextmanager
def _cart_needed() -> Iterator[None]:
    """Carts are nowhere else: without the cache the user has to come again."""
    try:
        yield
    except CacheUnavailable:
        raise HTTPException(503, "carts cannot be reached") from None


def _read(response: httpx.Response) -> Any:
    if response.is_error:
        raise HTTPException(response.status_code, response.json().get("detail"))
    return response.json()
