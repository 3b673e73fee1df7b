"""The PromQL with which people see for themselves what an entity served."""

from collections.abc import Sequence

from diagnosis.signals.series import AlignedSeries
from diagnosis.topology.entity import Call, Entity, Kind
from diagnosis.topology.losses import Aspect
from diagnosis.topology.queries import WINDOW
from diagnosis.topology.reading import Directory
from prometheus import queries as q
from prometheus.services import dependencies, requests


def show(aligned: AlignedSeries, directory: Directory, at: Entity | Call, aspect: Aspect) -> str:
    """The mean duration in seconds of its requests, or of the calls, or the share of them that failed."""
    if isinstance(at, Call):
        caller = q.equal(dependencies.CALLER, at.caller.name)
        return _show_calls((caller, *_match_peer(aligned, directory, at.callee)), aspect)
    if at.kind is not Kind.SERVICE:
        return _show_calls(_match_peer(aligned, directory, at), aspect)
    named = q.equal("service_name", at.name)
    if aspect is Aspect.TIME:
        return f"histogram_avg({requests.distribution(named, window=WINDOW)})"
    failed, every = (requests.count(named, failed=each, window=WINDOW) for each in (True, False))
    return f"{failed} / {every}"


def _show_calls(where: Sequence[str], aspect: Aspect) -> str:
    every = dependencies.count(*where, by=(), window=WINDOW)
    if aspect is Aspect.TIME:
        return f"{dependencies.waited(*where, by=(), window=WINDOW)} / {every}"
    return f"{dependencies.count(*where, requests.SPAN_FAILED, by=(), window=WINDOW)} / {every}"


def _match_peer(aligned: AlignedSeries, directory: Directory, entity: Entity) -> tuple[str, ...]:
    """What its callers say of it."""
    rows = (row.labels for row in aligned.rows("called") if directory.callee(row.labels) == entity)
    labels = next(rows, {})
    return tuple(q.equal(name, labels[name]) for name in dependencies.PEER if labels.get(name))
