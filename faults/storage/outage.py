"""Nothing reaches the storage.

recommender ──✗ refused   proxy     storage
"""

from faults import Fault
from faults.intermittence import Intermittence, Spell
from faults.storage.proxy import close_way, open_way

SPELLS = {"low": Spell(2, 40), "medium": Spell(15, 40), "high": Spell(1, 1)}

_outage = Intermittence(SPELLS, close_way, open_way)


def inject(severity: str) -> str:
    """Closes the way to the storage; a sentence saying what was done."""
    return f"Connections to storage are now refused {_outage.begin(severity)}."


def mend() -> None:
    open_way()


FAULT = Fault(
    name="storage-outage",
    domain="infrastructure",
    impact="all users get the popular list; no request fails",
    inject=inject,
    mend=mend,
    keep=_outage.keep,
)
