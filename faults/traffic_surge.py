"""Far more users come than usual."""

from faults import Fault
from faults.programs import require_recommender
from faults.world import change, restore

FIELD = "rate_factor"
FACTORS = {"low": 2.0, "medium": 6.0, "high": 12.0}
"""Times the usual rate. On two cores the recommender takes about ten times the default of 20 requests/s."""


def inject(severity: str) -> str:
    """Multiplies the rate; a sentence saying what was done."""
    require_recommender()
    keep(severity, 0)
    return f"{FACTORS[severity]:g} times as many users come now."


def keep(severity: str, elapsed: float) -> None:
    """Lets them go on coming."""
    change(FIELD, FACTORS[severity])


def mend() -> None:
    """As many as usual."""
    restore(FIELD)


FAULT = Fault(
    name="traffic-surge",
    domain="traffic",
    felt="answers come late, and the more users come, the later",
    inject=inject,
    mend=mend,
    keep=keep,
    note="500 requests/s at most; how much is felt depends on the machine",
)
