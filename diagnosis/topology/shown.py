"""The PromQL with which people see for themselves what an entity served."""

from diagnosis.signals.series import AlignedSeries
from diagnosis.topology.entity import Entity, Kind
from diagnosis.topology.losses import Aspect
from diagnosis.topology.queries import WINDOW
from diagnosis.topology.reading import Directory
from prometheus import dependencies, requests


def show(aligned: AlignedSeries, directory: Directory, entity: Entity, aspect: Aspect) -> str:
    """Its mean duration in seconds, or the share of its requests that failed."""
    if entity.kind is Kind.SERVICE:
        named = f'service_name="{entity.name}"'
        if aspect is Aspect.TIME:
            return f"histogram_avg({requests.distribution(named, window=WINDOW)})"
        failed, every = (requests.count(named, failed=each, window=WINDOW) for each in (True, False))
        return f"{failed} / {every}"
    where = _match_peer(aligned, directory, entity)
    every = dependencies.count(*where, by=(), window=WINDOW)
    if aspect is Aspect.TIME:
        return f"{dependencies.waited(*where, by=(), window=WINDOW)} / {every}"
    return f"{dependencies.count(*where, requests.SPAN_FAILED, by=(), window=WINDOW)} / {every}"


def _match_peer(aligned: AlignedSeries, directory: Directory, entity: Entity) -> tuple[str, ...]:
    """What its callers say of it."""
    rows = (row.labels for row in aligned.rows("called") if directory.callee(row.labels) == entity)
    labels = next(rows, {})
    return tuple(f'{name}="{labels[name]}"' for name in dependencies.PEER if labels.get(name))
