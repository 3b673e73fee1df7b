"""How much the recommender is made to wait: what faults go by whose effect depends on the machine."""

import time
from functools import cache

import httpx

from stack.settings import load_settings

WAITS = {"low": 0.03, "medium": 0.1, "high": 0.3}
"""Seconds that a health check is made to take; with CPU to spare it takes 0.002."""

NEAR = 1.5
"""Factor around that within which it is as wanted."""

CHECKS = 5
PATIENCE = 2.0
"""Seconds without an answer after which a health check is given up, and what one that fails is taken for."""


def feel_pressure(severity: str) -> int:
    """-1 where a health check takes less than the severity says, 1 where it takes more, 0 near that."""
    wanted, taken = WAITS[severity], time_health_check()
    return (taken > wanted * NEAR) - (taken < wanted / NEAR)


def time_health_check() -> float:
    """Mean seconds of a few with a new client: what that is made of waits for the CPU as well."""
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
