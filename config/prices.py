"""What a request costs, by prices of its user's own, in any currency."""

import math
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from config.errors import wrong
from config.strict import Strict, default


def _check(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise wrong("is not a price", "write a number from 0 on, such as 0.04")
    return float(value)


Price = Annotated[float, BeforeValidator(_check), Field(ge=0)]


class Prices(Strict):
    """What is paid for; tokens are in `llm`. By default about what public clouds list, in dollars."""

    cpu_hour: Price = default(0.04)
    """Of an hour of one processor."""
    gigabyte: Price = default(0.01)
    """Of 10⁹ bytes from object storage."""
    million_s3_requests: Price = default(0.4)
    """Of a million requests to object storage."""
