"""What is done to the distributed stack, and what is kept of it."""

from collections.abc import Mapping

from bench.live_cases import LiveRun
from stack.scale.places import (
    ALERTMANAGERS,
    CASSANDRA,
    CONSUMERS,
    INGESTS,
    KAFKA,
    RECEIVERS,
    RECOMMENDERS,
    RULERS,
)

LEADER, FOLLOWER, PARTITION = "leading-inbox", "following-inbox", "partition"
CUT_OFF = RECEIVERS[1]

FAULTS: Mapping[str, tuple[str, ...]] = {
    "broker": (KAFKA[1],),
    "first-broker": (KAFKA[0],),
    "last-broker": (KAFKA[2],),
    "cassandra-node": (CASSANDRA[1],),
    "first-node": (CASSANDRA[0],),
    "last-node": (CASSANDRA[2],),
    "receiver": (RECEIVERS[1],),
    "first-receiver": (RECEIVERS[0],),
    "last-receiver": (RECEIVERS[2],),
    PARTITION: (CUT_OFF,),
    "edge": ("collector",),
    "consumer": (CONSUMERS[0],),
    "last-consumer": (CONSUMERS[1],),
    "ingest": (INGESTS[0],),
    "last-ingest": (INGESTS[1],),
    "ruler": (RULERS[0],),
    "last-ruler": (RULERS[1],),
    "alertmanager": (ALERTMANAGERS[0],),
    "second-alertmanager": (ALERTMANAGERS[1],),
    "last-alertmanager": (ALERTMANAGERS[2],),
    LEADER: (),
    FOLLOWER: (),
    "proxy": ("proxy",),
    "recommender": (RECOMMENDERS[1],),
    "two-brokers": KAFKA[1:],
    "two-nodes": CASSANDRA[1:],
    "two-receivers": RECEIVERS[1:],
    "agent": ("agent-1",),
    "store": ("store",),
    "jaeger": ("jaeger",),
    "query": ("query",),
    "postgresql": ("postgresql",),
}
"""The processes that are killed by the name of a fault; which inbox leads and which follows is found out, and
who is cut off goes on."""


class FaultRun(LiveRun):
    """A fault under load.

    `sent` and `answered` as users counted, `counted` in Thanos, `traces` in Jaeger. `told` are the seconds
    from the known trouble to its alert at a receiver, None if it was not told. `over` is whether its end was
    told, `entries` how often it is in the inbox, None if that did not answer at the end, `doubled` the
    messages that said again what was said. `back` are the seconds until what was killed is ready, None if it
    was not, `others` the alerts besides, `verdicts` what was diagnosed, as `cause (domain): entities`.
    """

    killed: tuple[str, ...]
    sent: int
    answered: int
    counted: float
    traces: int
    told: float | None
    over: bool
    entries: int | None
    doubled: int
    back: float | None
    others: tuple[str, ...] = ()
    verdicts: tuple[str, ...] = ()
