"""The services as uvicorn starts them, with what they need at the addresses in the environment.

Each process loads only its own service's libraries, so these are imported where they are used.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from examples.shop.services.application import read_defects

CONNECTIONS = httpx.Limits(max_connections=50, max_keepalive_connections=10)
CONNECT_RETRIES = 4
"""Of httpx, with pauses of 0, 0.5, 1 and 2 seconds: the restart of a service is waited for."""


def serve_gateway() -> FastAPI:
    from examples.shop.services.gateway import Pricing, create_app
    from examples.shop.services.redis_cache import RedisCache

    defects = read_defects("gateway")
    cache = RedisCache(os.environ["CACHE_URL"])
    client = _connect(os.environ["PRICING_URL"])

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await client.aclose()
        await cache.close()

    return create_app(cache, Pricing(client, defects), defects, lifespan)


def serve_pricing() -> FastAPI:
    from examples.shop.services.postgres import PostgresDatabase
    from examples.shop.services.pricing import create_app

    defects = read_defects("pricing")
    database = PostgresDatabase(os.environ["DATABASE_URL"], defects)
    fraud = _connect(os.environ["FRAUD_URL"])

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await database.open()
        yield
        await database.close()
        await fraud.aclose()

    return create_app(database, fraud, defects, lifespan)


def serve_fraud() -> FastAPI:
    from examples.shop.services.fraud import create_app

    return create_app(read_defects("fraud"))


def serve_reports() -> FastAPI:
    from examples.shop.services.postgres import PostgresDatabase
    from examples.shop.services.reports import create_app

    defects = read_defects("reports")
    database = PostgresDatabase(os.environ["DATABASE_URL"], defects)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await database.open()
        yield
        await database.close()

    return create_app(database, defects, lifespan)


def _connect(url: str) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(retries=CONNECT_RETRIES, limits=CONNECTIONS)
    return httpx.AsyncClient(base_url=url, transport=transport)
