"""The alerts. A new one is an entry in one of these files, its runbook, and its scenario in tests/rules."""

from collections.abc import Sequence
from dataclasses import replace

from alerts.rules import (
    budgets,
    data,
    demand,
    liveness,
    model_errors,
    model_estimates,
    model_features,
    model_flow,
    model_items,
    model_quality,
    model_serving,
    pipeline,
    quality,
    saturation,
    senders,
    storage,
    symptoms,
    unusual,
    verdicts,
    versions,
    watching,
)
from alerts.spec import Alert, Severity
from config import Config

MODULES = (
    symptoms,
    unusual,
    quality,
    versions,
    data,
    demand,
    model_quality,
    model_errors,
    model_estimates,
    model_features,
    model_flow,
    model_serving,
    model_items,
    storage,
    saturation,
    pipeline,
    senders,
    watching,
    liveness,
    budgets,
    verdicts,
)


def all_alerts(config: Config) -> tuple[Alert, ...]:
    """Every alert, as whence.yaml changes it. Raises ConfigError for a change to one that does not exist."""
    return customise([alert for module in MODULES for alert in module.alerts(config)], config)


def customise(alerts: Sequence[Alert], config: Config) -> tuple[Alert, ...]:
    """The alerts as whence.yaml changes them. Raises ConfigError for one that does not exist."""
    known = {alert.slug: alert for alert in alerts}
    for slug, wish in config.alerts.items():
        if slug not in known:
            allowed = f"use one of: {', '.join(sorted(known))}"
            raise config.reject(("alerts", slug), "is not an alert", allowed)
        alert = known[slug]
        if wish.severity and alert.is_verdict:
            raise config.reject(("alerts", slug, "severity"), "is that of the incident", "leave it out")
        for_ = alert.evaluation.for_ if wish.for_ is None else wish.for_
        known[slug] = replace(
            alert,
            is_paused=wish.paused,
            threshold=alert.threshold if wish.threshold is None else wish.threshold,
            severity=Severity(wish.severity) if wish.severity else alert.severity,
            evaluation=replace(alert.evaluation, for_=for_),
        )
    return tuple(known.values())
