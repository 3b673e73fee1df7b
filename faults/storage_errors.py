"""Answers of the storage break off.

recommender ──request──▶ proxy ──▶ storage
recommender ◀──(cut)──── proxy ◀── storage
"""

from faults import Fault
from faults.proxy import add_toxic, remove_toxic

TOXIC = "storage-errors"
BYTES = {"low": 6000, "high": 300}
"""What a connection may carry before it is cut: about three answers, or not even the head of the first."""


def inject(severity: str) -> str:
    """Cuts connections; a sentence saying what was done."""
    add_toxic(TOXIC, "limit_data", {"bytes": BYTES[severity]})
    return f"Connections to storage are now cut after {BYTES[severity]} bytes of answers."


def mend() -> None:
    """Lets connections live."""
    remove_toxic(TOXIC)


FAULT = Fault(
    name="storage-errors",
    felt="answers are no longer personal; fewer of them please",
    severities=tuple(BYTES),
    inject=inject,
    mend=mend,
)
