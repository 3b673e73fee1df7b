"""How a world is judged, by default."""

from diagnosis import Verdict, diagnose
from tests.unit.diagnosis.packs.recommender.world import World

ALERT_AFTER = 45.0
"""Seconds from the onset to the alert."""


def judge(world: World) -> Verdict:
    return diagnose(world.evidence(), alerted_at=world.onset + ALERT_AFTER)
