"""Alerts → Prometheus rules."""

import re
from collections.abc import Sequence
from typing import Any

from alerts.panels import Placed, by_group
from alerts.spec import Alert, duration

_LABEL = r'"\{labels\.([a-z_]+)\}"'


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
        "annotations": placed.annotations(alert.value_format.template, _worst(alert)),
    }


def _worst(alert: Alert) -> str:
    """Asked when the text is filled in, so that the measure is no label: another one is no other alert."""
    labels = re.findall(_LABEL, alert.worst)
    query = re.sub(_LABEL, "%q", alert.worst)
    asked = " ".join((f"printf `{query}`", *(f".Labels.{label}" for label in labels)))
    return f"{{{{ with {asked} | query }}}}{{{{ first . | label `measure` }}}}{{{{ end }}}}"
