"""Tastes move: some users now want what others wanted when the model was trained."""

from faults import Fault
from faults.behaviour_overrides import change, restore
from faults.programs import require_recommender

FIELD = "taste_shift"
SHARES = {"low": 0.1, "medium": 0.35, "high": 0.7}
"""Share of the users."""


def inject(severity: str) -> str:
    """Moves tastes; a sentence saying what was done."""
    require_recommender()
    keep(severity, 0)
    return f"{SHARES[severity]:.0%} of the users now want what another user wanted."


def keep(severity: str, elapsed: float) -> None:
    """Keeps the new tastes."""
    change(FIELD, SHARES[severity])


def mend() -> None:
    """Gives everybody their own taste again."""
    restore(FIELD)


FAULT = Fault(
    name="concept-drift",
    domain="data",
    felt="what used to please no longer does",
    inject=inject,
    mend=mend,
    keep=keep,
)
