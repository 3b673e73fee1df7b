"""The request rate rises until requests queue: a health check takes as long as the severity says.

users ══ more and more ══▶ recommender ◀── health check, timed ── runner
"""

from faults import Fault
from faults.pressure import WAITS, read_pressure
from faults.programs import require_recommender
from faults.users.behaviour import change, find, restore

FIELD = "rate_factor"
FIRST, MOST = 4.0, 25.0
"""Times the usual rate; of the default, 20 requests/s, 25 times is the most that the users' program sends."""

MORE, FEWER = 1.1, 0.85
"""What the number of users is multiplied by in a second."""


def inject(severity: str) -> str:
    """Multiplies the rate; a sentence saying what was done."""
    require_recommender()
    change(FIELD, FIRST)
    return f"The request rate now rises until a health check takes {WAITS[severity] * 1000:g} ms."


def keep(severity: str, elapsed: float) -> None:
    """Lets more come, or fewer, by how long the recommender makes them wait."""
    pressure = read_pressure(severity)
    change(FIELD, max(FIRST, min(MOST, find(FIELD, FIRST) * {-1: MORE, 0: 1.0, 1: FEWER}[pressure])))


def mend() -> None:
    """As many as usual."""
    restore(FIELD)


FAULT = Fault(
    name="traffic-surge",
    domain="traffic",
    impact="answers are slow, and slower with more users",
    inject=inject,
    mend=mend,
    keep=keep,
    note="at most 500 requests/s: no impact on a machine that serves those in time",
)
