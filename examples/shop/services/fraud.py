"""The fraud model: how likely an order is fraud, by logistic regression."""

import math
from typing import Annotated, Any

from fastapi import FastAPI
from pydantic import BaseModel, Field

from examples.shop.services.application import make_app
from examples.shop.services.defects import DefectsFolder

INTERCEPT, WEIGHTS = -5.0, {"hundreds": 0.25, "items": 0.05, "night": 0.8}
"""Log-odds, and what each feature adds to them."""


class Sale(BaseModel):
    """An order to be judged; `hour` is UTC."""

    cents: Annotated[int, Field(ge=0)]
    items: Annotated[int, Field(ge=1)]
    hour: Annotated[int, Field(ge=0, le=23)]


def score(sale: Sale) -> float:
    """Probability of fraud, 0–1."""
    features = {"hundreds": sale.cents / 10_000, "items": sale.items, "night": float(sale.hour < 5)}
    odds = INTERCEPT + sum(weight * features[name] for name, weight in WEIGHTS.items())
    return 1 / (1 + math.exp(-odds))


def create_app(defects: DefectsFolder) -> FastAPI:
    """The fraud model's service."""
    app = make_app("Fraud", defects)

    @app.post("/scores")
    async def judge(sale: Sale) -> dict[str, Any]:
        return {"fraud": score(sale)}

    return app
