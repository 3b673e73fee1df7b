"""Whether one segment alone is worse."""

import math

from diagnosis.packs.models.case import Case
from diagnosis.packs.models.outcomes import most_lost
from diagnosis.signals.changes import ramp

OTHERS_LOSE = (0.25, 0.6)
"""What other segments lose by what the worst one loses, up to which it is alone, and from which not."""


def find_worst(case: Case) -> tuple[str, float]:
    """The segment that lost most, and how surely the others lost nothing of the kind (0–1)."""
    own = {name: loss for name, loss in case.losses.items() if name}
    worst = max(own, key=lambda name: own[name].strength * own[name].change, default="")
    if not worst:
        return "", 0.0
    others = [name for name in case.counts.segments if name != worst]
    lost = max((most_lost(case.counts, own[worst], name) for name in others), default=math.inf)
    return worst, 1.0 - ramp(lost / own[worst].change, *OTHERS_LOSE)
