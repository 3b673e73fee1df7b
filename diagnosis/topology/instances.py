"""What the instances of a service say: which is worst, and whether they end and start anew."""

import numpy as np

from diagnosis.signals.series import Row, Values
from diagnosis.topology.entity import Kind
from diagnosis.topology.finding import Finding
from diagnosis.topology.losses import Aspect
from diagnosis.topology.traffic import Mask, Traffic

HEARD = 0.5
"""Part of the time since the onset up to which a service is silent."""

ANSWERED = 0.05
"""Part of the calls to a silent service from which it still answers."""

REPEATED = 2
"""Restarts from which it is no single one."""

AT_ONCE = 5.0
"""Seconds within which processes that share an identity begin when they are started together."""


def worst_instance(finding: Finding) -> tuple[str, float]:
    """The suspect's instance that lost most, and its part of what all of them lost; of one, it is 0."""
    losses = {row.labels["instance"]: _lost(finding, row) for row in _rows(finding)}
    whole = sum(losses.values())
    if len(losses) < 2 or not whole:
        return "", 0.0
    worst = max(losses, key=lambda instance: losses[instance])
    return worst, losses[worst] / whole


def keeps_restarting(finding: Finding) -> bool:
    """Whether more processes of the suspect, a service, were replaced than it has."""
    if finding.suspect.kind is not Kind.SERVICE:
        return False
    return _count_restarts(finding) >= max(REPEATED, _count_usual(finding) + 1)


def ends_before_it_sends(finding: Finding) -> bool:
    """Whether a service is silent since the onset, though it still answers some calls and breaks others."""
    served = finding.seen.system.served.get(finding.suspect)
    after = finding.noticed.sides.after
    if finding.suspect.kind is not Kind.SERVICE or served is None or not _is_silent(served, after):
        return False
    calls = [call for pair, call in finding.seen.system.calls.items() if pair.callee == finding.suspect]
    asked = sum(call.requests(after) for call in calls)
    failed = sum(call.requests(after) * np.nan_to_num(call.level(call.failed, after)) for call in calls)
    is_broken = finding.errors().get("unreachable", 0.0) > 0
    return is_broken and asked - failed > ANSWERED * asked


def _rows(finding: Finding) -> list[Row]:
    rows = finding.seen.aligned.rows("instances", service_name=finding.suspect.name)
    return [row for row in rows if "instance" in row.labels]


def youngest(finding: Finding) -> Values:
    """When the suspect's youngest process began (Unix seconds); NaN where none says so."""
    began = [row.values for row in _began(finding)]
    return np.fmax.reduce(began) if began else finding.seen.aligned.nothing


def _began(finding: Finding) -> list[Row]:
    return finding.seen.aligned.rows("started", service_name=finding.suspect.name)


def _count_restarts(finding: Finding) -> int:
    """Instances that were replaced after the onset, and processes within an instance."""
    return _count_replaced(finding) + sum(_count_begun(finding, row.values) for row in _began(finding))


def _count_begun(finding: Finding, began: Values) -> int:
    """Processes that began after the onset where there was one: each later than all before."""
    latest = np.maximum.accumulate(began[np.isfinite(began)])
    return int(np.sum((np.diff(latest) > AT_ONCE) & (latest[1:] > finding.noticed.onset)))


def _count_replaced(finding: Finding) -> int:
    """Instances that came after the onset, as far as others went: one that is added is none."""
    known = [np.flatnonzero(np.isfinite(row.values)) for row in _rows(finding)]
    since = finding.seen.aligned.times > finding.noticed.onset
    came = sum(bool(since[at[0]]) for at in known if len(at))
    went = sum(bool(since[at[-1]]) and at[-1] < len(since) - 1 for at in known if len(at))
    return int(min(came, went))


def _count_usual(finding: Finding) -> int:
    before = finding.noticed.sides.before
    alive = [np.isfinite(row.values[before]) for row in _rows(finding)]
    return int(np.median(np.sum(alive, axis=0))) if alive and before.any() else 0


def _is_silent(served: Traffic, after: Mask) -> bool:
    return float(np.isfinite(served.rate[after]).mean()) < HEARD


def _lost(finding: Finding, row: Row) -> float:
    """What an instance loses in most steps: a pause of the whole machine is not one instance's."""
    before, after = finding.noticed.sides
    query = "instances_seconds" if finding.aspect is Aspect.TIME else "instances_failed"
    where = {"service_name": finding.suspect.name, "instance": row.labels["instance"]}
    amounts = finding.seen.aligned.rows(query, **where)
    amount = np.nan_to_num(amounts[0].values) if amounts else np.zeros_like(row.values)
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(row.values > 0, amount / row.values, np.nan)
    requests = float(np.nan_to_num(row.values[after]).mean())
    return max(0.0, _median(each, after) - _median(each, before)) * requests


def _median(values: Values, where: Mask) -> float:
    known = values[where & np.isfinite(values)]
    return float(np.median(known)) if len(known) else 0.0
