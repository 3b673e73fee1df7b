"""The evidence of a verdict: what each entity on the path lost, and what shows the cause."""

import math

from diagnosis.topology.blame import Blame
from diagnosis.topology.entity import Call, Entity
from diagnosis.topology.finding import Seen
from diagnosis.topology.losses import Aspect
from diagnosis.topology.proof import Proof
from diagnosis.topology.symptom import Noticed
from diagnosis.topology.traffic import Traffic
from diagnosis.topology.wording.shown import show
from diagnosis.verdict.statements import make_statement
from diagnosis.verdict.verdict import Place, Statement
from prometheus.quantities import write_milliseconds

UNITS = {Aspect.TIME: "s", Aspect.REQUESTS: "share"}


def state(seen: Seen, noticed: Noticed, blame: Blame | None) -> list[Statement]:
    """The symptom, then each entity on the way to the cause, then the call that is at fault, if one is."""
    path = blame.path if blame else (noticed.entity,)
    found = [
        _state_one(seen, noticed, entity, seen.system.served[entity])
        for entity in path
        if entity in seen.system.served
    ]
    if blame and isinstance(blame.at, Call) and blame.at in seen.system.calls:
        found.append(_state_one(seen, noticed, blame.at, seen.system.calls[blame.at]))
    return found


def state_proof(seen: Seen, proof: Proof) -> Statement:
    return make_statement(seen.aligned, proof.says, proof.query, proof.change, proof.values, proof.unit)


def _state_one(seen: Seen, noticed: Noticed, at: Entity | Call, traffic: Traffic) -> Statement:
    values = traffic.seconds if noticed.aspect is Aspect.TIME else traffic.failed
    values = seen.aligned.nothing if values is None else values
    before, after = (_known(traffic.level(values, side)) for side in noticed.sides)
    query = show(seen.aligned, seen.directory, at, noticed.aspect)
    entity, caller = (at.callee, at.caller) if isinstance(at, Call) else (at, None)
    return make_statement(
        seen.aligned,
        _say(at, noticed.aspect, before, after),
        query,
        (before, after),
        values,
        UNITS[noticed.aspect],
        place_of(entity),
        place_of(caller) if caller else None,
    )


def _say(at: Entity | Call, aspect: Aspect, before: float | None, after: float | None) -> str:
    whose = f"calls of {at.caller} to {at.callee}" if isinstance(at, Call) else f"requests to {at}"
    if after is None:
        return f"{capitalise(whose)} are not seen any more."
    now = _write(aspect, after)
    than = "" if before is None else f" instead of {_write(aspect, before)}"
    if aspect is Aspect.TIME:
        return f"{capitalise(whose)} take {now}{than} on average."
    return f"{now} of the {whose} fail{than}."


def _write(aspect: Aspect, value: float) -> str:
    return write_milliseconds(1000 * value) if aspect is Aspect.TIME else f"{value:.1%}"


def capitalise(words: str) -> str:
    """Only the first letter: names stay as they are."""
    return words[0].upper() + words[1:]


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def place_of(entity: Entity) -> Place:
    return Place(kind=entity.kind, name=entity.name)
