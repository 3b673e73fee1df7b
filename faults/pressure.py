"""How slow the recommender is: the feedback of faults whose effect depends on the machine."""

import time
from functools import cache

import httpx

from stack.settings import load_settings

WAITS = {"low": 0.03, "medium": 0.1, "high": 0.3}
"""Target duration of a health check in seconds; on an idle machine it takes 0.002."""

NEAR = 1.5
"""Factor around the target that counts as reached."""

CHECKS = 5
PATIENCE = 2.0
"""Timeout of a health check in seconds; one that fails counts as this long."""


def read_pressure(severity: str) -> int:
    """-1 where a health check takes less than the severity's target, 1 where it takes more, 0 near it."""
    wanted, taken = WAITS[severity], time_health_check()
    return (taken > wanted * NEAR) - (taken < wanted / NEAR)


def time_health_check() -> float:
    """Mean duration in seconds of CHECKS health checks with a new client, whose creation needs CPU, too."""
    began = time.monotonic()
    with httpx.Client(timeout=PATIENCE, trust_env=False) as client:
        failed = sum(_fails(client) for _ in range(CHECKS))
    return (time.monotonic() - began + failed * PATIENCE) / CHECKS


def _fails(client: httpx.Client) -> bool:
    try:
        return not client.get(_address()).is_success
    except httpx.HTTPError:
        return True


@cache
def _address() -> str:
    return f"{load_settings().url('recommender')}/healthz"
