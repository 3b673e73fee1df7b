"""What the outage's table says of users, and when it fails."""

import pytest
from rich.console import Console

from bench.outage import STOPPED, UP, Run, draw, unnoticed


def phase(failed: int, p95: float) -> Run:
    return {"failed": failed, "latency_ms": {"p50": p95 / 2, "p95": p95}}


@pytest.mark.parametrize(
    ("stopped", "passes"),
    [
        ([phase(0, 21), phase(0, 20), phase(0, 90)], True),
        ([phase(0, 21), phase(1, 20), phase(0, 20)], False),
        ([phase(0, 26), phase(0, 25), phase(0, 20)], False),
    ],
)
def test_an_outage_that_users_notice_fails(stopped: list[Run], passes: bool) -> None:
    phases = {UP: [phase(3, 20)] * 3, STOPPED: stopped}
    console = Console(width=200)
    with console.capture() as captured:
        console.print(draw(phases, "title"))
    assert unnoticed(phases) == passes
    assert ("pass" in captured.get(), "FAIL" in captured.get()) == (passes, not passes)
