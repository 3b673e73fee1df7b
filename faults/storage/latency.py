"""Every answer of the storage comes late.

recommender ──request──▶ proxy ──▶ storage
recommender ◀──(latency ± jitter)── proxy ◀── storage
"""

from faults import Fault
from faults.storage.proxy import add_toxic, remove_toxic

NAME = "storage-latency"
SEVERITIES = {"low": (120, 30), "medium": (260, 60), "high": (900, 200)}
"""Latency and jitter in milliseconds; the storage deadline is 250: below it, across it, far above it."""


def inject(severity: str) -> str:
    """Delays the storage's answers; a sentence saying what was done."""
    latency, jitter = SEVERITIES[severity]
    add_toxic(NAME, "latency", {"latency": latency, "jitter": jitter})
    return f"Storage now answers {latency} ± {jitter} ms late."


def mend() -> None:
    remove_toxic(NAME)


FAULT = Fault(
    name=NAME,
    domain="infrastructure",
    impact="answers are slow and not personalised, so the hit rate falls",
    inject=inject,
    mend=mend,
)
