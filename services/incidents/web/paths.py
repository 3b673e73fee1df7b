"""The way from the symptom to the cause, as an incident's page draws it."""

from math import isclose
from typing import NamedTuple
from urllib.parse import quote

from diagnosis import Verdict
from diagnosis.verdict.verdict import Place, Statement
from services.incidents.incident import Incident
from services.incidents.settings import Settings
from services.incidents.web.links import link_service
from services.incidents.web.verdicts import write_quantity

KINDS = {
    "service": "Service",
    "instance": "Instance",
    "database": "Database",
    "cache": "Cache",
    "storage": "Object storage",
    "queue": "Queue",
    "llm": "LLM provider",
    "model": "Model",
    "job": "Job",
    "host": "Host",
    "peer": "Peer",
}
"""What people call them."""

FROM = {"model": "is run by", "storage": "is written by"}
TO = {"model": "answers with", "host": "runs on"}
"""What leads from an entity of a kind, or to one; others call what is next."""

UNITS = ("s", "share")
"""Of how long requests take, and of how many fail."""

ROSE = 1.2
"""Times the value before from which one after it stands out."""


class Change(NamedTuple):
    """Two quantities in words: `verb` is what requests do, `rose` whether the second stands out."""

    verb: str
    before: str
    after: str
    rose: bool


class Step(NamedTuple):
    """An entity on the way: `leads` is what the one before does with it, `call` what that one saw, if it is
    told apart from `loss`, its own.

    `blamed`: the entity, or with `call` only what is between it and its caller.
    """

    kind: str
    kind_name: str
    name: str
    address: str
    href: str
    leads: str
    loss: Change | None
    call: Change | None
    blamed: bool


def draw_path(settings: Settings, incident: Incident) -> list[Step]:
    """The steps from the symptom to the cause; none if they are the same or it is about no entities."""
    verdict = incident.verdict
    if verdict is None or len(verdict.path) < 2:
        return []
    callers = [None, *verdict.path]
    return [
        _draw_step(settings, incident, verdict, entity, caller)
        for entity, caller in zip(verdict.path, callers, strict=False)
    ]


def _draw_step(
    settings: Settings, incident: Incident, verdict: Verdict, entity: Place, caller: Place | None
) -> Step:
    name, _, address = entity.name.partition("@")
    is_model = entity.kind == "model"
    return Step(
        kind=entity.kind if entity.kind in KINDS else "peer",
        kind_name=KINDS.get(entity.kind, entity.kind.capitalize()),
        name=name,
        address=address,
        href=f"/models/{quote(address)}/{quote(name)}" if is_model else _link(settings, incident, entity),
        leads=FROM.get(caller.kind, TO.get(entity.kind, "calls")) if caller else "",
        loss=(None if is_model else _find_change(verdict, entity, None)) or _find_worse(verdict, entity),
        call=_find_change(verdict, entity, caller) if caller else None,
        blamed=entity == verdict.entity and verdict.cause != "unknown",
    )


def _link(settings: Settings, incident: Incident, entity: Place) -> str:
    link = link_service(settings, entity.name, incident) if entity.kind == "service" else None
    return link.address if link else ""


def _find_worse(verdict: Verdict, entity: Place) -> Change | None:
    """How much worse its quality is, if it is."""
    said = (each for each in verdict.evidence if each.entity == entity and _is_of_quality(each, verdict))
    found = next(said, None)
    if found is None:
        return None
    before, after = (write_quantity(each, found.unit) for each in (found.before, found.after))
    return Change(verdict.measure.lower(), before, after, rose=True)


def _is_of_quality(said: Statement, verdict: Verdict) -> bool:
    """Whether it says how the verdict's measure changed."""
    pairs = (said.before, verdict.measure_before), (said.after, verdict.measure_after)
    return all(
        one is not None and other is not None and isclose(one, other, rel_tol=1e-4) for one, other in pairs
    )


def _find_change(verdict: Verdict, entity: Place, caller: Place | None) -> Change | None:
    """How its requests changed, first that stands out."""
    said = [each for each in verdict.evidence if (each.entity, each.caller) == (entity, caller)]
    of_requests = [each for each in said if each.unit in UNITS and not _is_of_quality(each, verdict)]
    changes = [_describe_change(each, caller) for each in of_requests]
    return max(changes, key=lambda change: change.rose, default=None)


def _describe_change(found: Statement, caller: Place | None) -> Change:
    before, after = found.before, found.after
    fails = found.unit == "share"
    return Change(
        verb=("fails" if fails else "takes") if caller is None else ("calls fail" if fails else "calls take"),
        before=write_quantity(before, found.unit),
        after=write_quantity(after, found.unit),
        rose=before is not None and after is not None and after > ROSE * before,
    )
