"""Every answer of the storage comes late.

recommender ──request──▶ proxy ──▶ storage
recommender ◀──(latency ± jitter)── proxy ◀── storage
"""

from faults import Fault
from faults.proxy import add_toxic, remove_toxic

SEVERITIES = {"low": (350, 50), "high": (900, 200)}
"""Latency and jitter in milliseconds. Both exceed the storage deadline of 250 ms, `low` by little."""


def inject(severity: str) -> str:
    """Delays the storage's answers; a sentence saying what was done."""
    latency, jitter = SEVERITIES[severity]
    add_toxic("storage-latency", "latency", {"latency": latency, "jitter": jitter})
    return f"Storage now answers {latency} ± {jitter} ms late."


def mend() -> None:
    """Removes the delay."""
    remove_toxic("storage-latency")


FAULT = Fault(
    name="storage-latency",
    felt="answers come late and are no longer personal; fewer of them please",
    severities=tuple(SEVERITIES),
    inject=inject,
    mend=mend,
)
