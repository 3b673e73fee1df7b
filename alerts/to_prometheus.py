"""Alerts → Prometheus rules."""

from collections.abc import Sequence
from typing import Any

from alerts.panels import Placed, by_group
from alerts.spec import duration


def render(alerts: Sequence[Placed]) -> dict[str, Any]:
    """The rules file, in the groups of Grafana's. A paused alert is left out: Prometheus cannot pause."""
    active = [placed for placed in alerts if not placed.alert.is_paused]
    return {"groups": [_group(name, members) for name, members in by_group(active).items()]}


def _group(name: str, members: Sequence[Placed]) -> dict[str, Any]:
    rules = [_rule(placed) for placed in members]
    return {"name": name, "interval": duration(members[0].alert.evaluation.interval), "rules": rules}


def _rule(placed: Placed) -> dict[str, Any]:
    alert = placed.alert
    return {
        "alert": alert.title,
        "expr": f"({alert.expr}) {alert.comparison} {alert.threshold:g}",
        "for": duration(alert.evaluation.for_),
        "keep_firing_for": duration(alert.evaluation.keep_firing_for),
        "labels": alert.labels,
        "annotations": placed.annotations(alert.value_format.template),
    }
