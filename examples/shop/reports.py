"""Figures for the back office. No user and no other service waits for them."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from examples.shop.database import Database, PostgresDatabase
from examples.shop.defects import DefectsFolder
from examples.shop.service import make_app, read_defects


def create_app(database: Database, defects: DefectsFolder, lifespan: Any = None) -> FastAPI:
    """The reports on a database."""
    app = make_app("Reports", defects, lifespan)

    @app.get("/sales")
    async def count_sales() -> dict[str, int]:
        return await database.count_orders()

    return app


def serve() -> FastAPI:
    """The reports as uvicorn starts them, on the database in the environment."""
    defects = read_defects("reports")
    database = PostgresDatabase(os.environ["DATABASE_URL"], defects)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await database.open()
        yield
        await database.close()

    return create_app(database, defects, lifespan)
