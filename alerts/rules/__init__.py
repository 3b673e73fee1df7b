"""The alerts. A new one is an entry in one of these files, its runbook, and its scenario in tests/rules."""

from dataclasses import replace
from types import ModuleType

from alerts.rules import (
    budgets,
    data,
    demand,
    pipeline,
    quality,
    saturation,
    silence,
    storage,
    symptoms,
    versions,
    watching,
)
from alerts.spec import Alert, Severity
from config import load, reject

MODULES = (symptoms, quality, versions, data, demand, storage, saturation, pipeline, watching, silence)


def _defined(module: ModuleType) -> list[Alert]:
    return [value for value in vars(module).values() if isinstance(value, Alert)]


def customise(alerts: tuple[Alert, ...]) -> tuple[Alert, ...]:
    """The alerts as whence.yaml changes them. Raises ConfigError for one that does not exist."""
    known = {alert.slug: alert for alert in alerts}
    for slug, wish in load().alerts.items():
        if slug not in known:
            raise reject(("alerts", slug), "is not an alert", f"use one of: {', '.join(sorted(known))}")
        alert = known[slug]
        for_ = alert.evaluation.for_ if wish.for_ is None else wish.for_
        known[slug] = replace(
            alert,
            is_paused=wish.paused,
            threshold=alert.threshold if wish.threshold is None else wish.threshold,
            severity=Severity(wish.severity) if wish.severity else alert.severity,
            evaluation=replace(alert.evaluation, for_=for_),
        )
    return tuple(known.values())


ALERTS = customise((*(alert for module in MODULES for alert in _defined(module)), *budgets.BUDGETS))
