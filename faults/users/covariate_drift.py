"""The mix of users changes: fewer whom the model knows well, more whom it knows little or not at all."""

from faults import Fault
from faults.programs import require_recommender
from faults.users.behaviour import change, restore

FIELD = "mix"
MIXES = {
    "low": {"light": 0.20, "regular": 0.42, "heavy": 0.30, "unknown": 0.08},
    "medium": {"light": 0.40, "regular": 0.30, "heavy": 0.10, "unknown": 0.20},
    "high": {"light": 0.50, "regular": 0.05, "heavy": 0.0, "unknown": 0.45},
}
"""Shares of the requests; as usual they are .15, .48, .36 and .01."""


def inject(severity: str) -> str:
    """Changes the mix of users; a sentence that says so."""
    require_recommender()
    keep(severity, 0)
    mix = ", ".join(f"{share:.0%} {name}" for name, share in MIXES[severity].items())
    return f"The mix of users is now {mix}."


def keep(severity: str, elapsed: float) -> None:
    """Renews the change."""
    change(FIELD, MIXES[severity])


def mend() -> None:
    restore(FIELD)


FAULT = Fault(
    name="covariate-drift",
    domain="data",
    impact="none for a single user; the new mix of users has a lower hit rate",
    inject=inject,
    mend=mend,
    keep=keep,
)
