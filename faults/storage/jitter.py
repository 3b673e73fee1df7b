"""Some answers of the storage come late, the others as ever.

    share of answers
    ████████████████▏            ▏ late by chance, up to `latest`
    as ever         0 ms      latest

A toxic's delay is drawn for each answer between latency - jitter and latency + jitter, and one below zero is
none: that delays a share of the requests, where a toxic on a share of the connections would not (a client
keeps its connections, and soon uses only the good ones).
"""

from faults import Fault
from faults.storage.proxy import add_toxic, remove_toxic

NAME = "storage-jitter"
SEVERITIES = {"low": (0.06, 250), "medium": (0.2, 600), "high": (0.42, 1000)}
"""Share of the answers that are late, and by how many milliseconds at most."""


def inject(severity: str) -> str:
    """Delays some of the storage's answers; a sentence saying what was done."""
    share, latest = SEVERITIES[severity]
    half = round(latest / share / 2)
    add_toxic(NAME, "latency", {"latency": latest - half, "jitter": half})
    return f"Storage now answers up to {latest} ms late {share:.0%} of the time."


def mend() -> None:
    remove_toxic(NAME)


FAULT = Fault(
    name=NAME,
    domain="infrastructure",
    impact="some answers are slow and not personalised",
    inject=inject,
    mend=mend,
)
