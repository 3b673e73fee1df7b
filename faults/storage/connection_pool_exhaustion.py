"""Connections to the storage hang, until the recommender has none left to ask with.

recommender ══ 32 requests ══▶ proxy ──▶ storage
recommender    (no answer)     proxy ◀── storage        the 33rd request: storage_busy
"""

from faults import Fault
from faults.intermittence import Intermittence, Spell
from faults.storage.proxy import add_toxic, remove_toxic

NAME = "connection-pool-exhaustion"
SPELLS = {"low": Spell(3, 40), "medium": Spell(12, 40), "high": Spell(1, 1)}
"""At 20 requests/s the 32 places are taken after two seconds."""


def _hang() -> None:
    add_toxic(NAME, "timeout", {"timeout": 0})


def mend() -> None:
    """Lets the answers through."""
    remove_toxic(NAME)


_hanging = Intermittence(SPELLS, _hang, mend)


def inject(severity: str) -> str:
    """Holds the storage's answers back; a sentence saying what was done."""
    return f"Connections to storage now hang {_hanging.begin(severity)}."


FAULT = Fault(
    name=NAME,
    domain="infrastructure",
    impact="most answers are not personalised, but they are fast",
    inject=inject,
    mend=mend,
    keep=_hanging.keep,
)
