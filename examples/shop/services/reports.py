"""Figures for the back office. No user and no other service waits for them."""

from typing import Any

from fastapi import FastAPI

from examples.shop.services.application import make_app
from examples.shop.services.database import Database
from examples.shop.services.defects import DefectsFolder


def create_app(database: Database, defects: DefectsFolder, lifespan: Any = None) -> FastAPI:
    """The reports on a database."""
    app = make_app("Reports", defects, lifespan)

    @app.get("/sales")
    async def count_sales() -> dict[str, int]:
        return await database.count_orders()

    return app
