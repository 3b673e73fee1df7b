"""Answers of the storage break off.

recommender ──request──▶ proxy ──▶ storage
recommender ◀──(cut)──── proxy ◀── storage
"""

from faults import Fault
from faults.storage.proxy import add_toxic, remove_toxic

NAME = "storage-errors"
BYTES = {"low": 60_000, "medium": 6000, "high": 300}
"""What a connection may carry before it is cut: dozens of answers, a few, or not even the first's head."""


def inject(severity: str) -> str:
    """Cuts connections; a sentence saying what was done."""
    add_toxic(NAME, "limit_data", {"bytes": BYTES[severity]})
    return f"Connections to storage are now cut after {BYTES[severity]} bytes of answers."


def mend() -> None:
    remove_toxic(NAME)


FAULT = Fault(
    name=NAME,
    domain="infrastructure",
    impact="answers are not personalised, so the hit rate falls",
    inject=inject,
    mend=mend,
)
