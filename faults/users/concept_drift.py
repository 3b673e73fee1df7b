"""Concept drift: some users now prefer what another user preferred in training."""

from faults import Fault
from faults.programs import require_recommender
from faults.users.behaviour import change, restore

FIELD = "taste_shift"
SHARES = {"low": 0.1, "medium": 0.35, "high": 0.7}
"""Share of the users."""


def inject(severity: str) -> str:
    """Changes preferences; a sentence that says so."""
    require_recommender()
    keep(severity, 0)
    return f"{SHARES[severity]:.0%} of the users now have another user's preferences."


def keep(severity: str, elapsed: float) -> None:
    """Renews the change."""
    change(FIELD, SHARES[severity])


def mend() -> None:
    """Restores all users' own preferences."""
    restore(FIELD)


FAULT = Fault(
    name="concept-drift",
    domain="data",
    impact="users' preferences have changed, so recommendations are worse",
    inject=inject,
    mend=mend,
    keep=keep,
)
