"""Nothing reaches the storage.

recommender ──✗ refused   proxy     storage
"""

from faults import Fault
from faults.proxy import switch

SEVERITIES = ("high",)


def inject(severity: str) -> str:
    """Closes the way to the storage; a sentence saying what was done."""
    switch(on=False)
    return "Connections to storage are now refused."


def mend() -> None:
    """Opens it again."""
    switch(on=True)


FAULT = Fault(
    name="storage-outage",
    felt="everybody gets the popular list; nothing fails",
    severities=SEVERITIES,
    inject=inject,
    mend=mend,
)
