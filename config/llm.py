"""What calls of language models cost: prices of its user's own, in any currency."""

import math
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from config.errors import wrong
from config.strict import Strict, default

MOST_MODELS = 50
"""Models with a price, at most: each is a part of the panel's query."""


def _check_price(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise wrong("is not a price", "write the price of a million tokens as a number, such as 0.15")
    return float(value)


def _check_models(value: Any) -> Any:
    if isinstance(value, dict):
        for name in value:
            if not name or set(name) & set('"\\$\n') or len(name) > 200:
                raise wrong("cannot be the name of a model", "write it as in gen_ai.request.model", [name])
        if len(value) > MOST_MODELS:
            raise wrong("has too many models", f"write at most {MOST_MODELS}")
    return value


Price = Annotated[float, BeforeValidator(_check_price), Field(ge=0)]


class Prices(Strict):
    """What a million tokens of a model cost."""

    input: Price
    output: Price


class Llm(Strict):
    """Language models."""

    prices: Annotated[Mapping[str, Prices], BeforeValidator(_check_models)] = default({})
    """By model, as `gen_ai.request.model` names it; one without a price has no cost."""
