"""The verdict on a window in which an earlier trouble may go on."""

from collections.abc import Callable

from diagnosis.sources.evidence import Evidence
from diagnosis.verdict.verdict import Verdict

SURE = 0.5
"""Confidence from which a verdict is one on a second trouble: below it, the first one goes on."""

SETTLING = 15.0
"""Seconds after which a trouble is what it will be: the first export and its window are in."""


def diagnose_latest(reach: Callable[[Evidence], Verdict], evidence: Evidence, after: float | None) -> Verdict:
    """The verdict on what came on top of a trouble that began at `after` (Unix seconds), if anything did.

    Its baseline is that trouble; else the verdict is on the whole window.
    """
    if after is not None and evidence.start < after + SETTLING < evidence.end:
        second = reach(evidence.model_copy(update={"start": after + SETTLING}))
        if second.domain not in ("none", "unknown") and second.confidence >= SURE:
            return second
    return reach(evidence)
