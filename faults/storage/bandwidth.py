"""Answers of the storage trickle: the first byte comes early, the last one late.

recommender ◀─ · · · · ─ proxy ◀══ storage
"""

from faults import Fault
from faults.storage.proxy import add_toxic, remove_toxic

NAME = "storage-bandwidth"
RATES = {"low": 12, "medium": 5, "high": 2}
"""Kilobytes per second of each connection; an answer has half a kilobyte of head and one or two more."""


def inject(severity: str) -> str:
    """Narrows every connection; a sentence saying what was done."""
    add_toxic(NAME, "bandwidth", {"rate": RATES[severity]})
    return f"Connections to storage now carry {RATES[severity]} kB/s."


def mend() -> None:
    remove_toxic(NAME)


FAULT = Fault(
    name=NAME,
    domain="infrastructure",
    impact="slow answers, mostly for users with a long history, and no personalisation",
    inject=inject,
    mend=mend,
)
