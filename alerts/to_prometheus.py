"""Alerts → Prometheus rules, and Alertmanager's configuration."""

from collections.abc import Sequence
from typing import Any

from alerts.panels import Placed, by_group
from alerts.routing import Routing
from alerts.spec import duration


def render_rules(alerts: Sequence[Placed]) -> dict[str, Any]:
    """The rules file, in the groups of Grafana's. A paused alert is left out: Prometheus cannot pause."""
    active = [placed for placed in alerts if not placed.alert.is_paused]
    return {"groups": [_group(name, members) for name, members in by_group(active).items()]}


def _group(name: str, members: Sequence[Placed]) -> dict[str, Any]:
    rules = [_rule(placed) for placed in members]
    return {"name": name, "interval": duration(members[0].alert.interval), "rules": rules}


def _rule(placed: Placed) -> dict[str, Any]:
    alert = placed.alert
    return {
        "alert": alert.title,
        "expr": f"({alert.query}) {alert.comparison} {alert.threshold:g}",
        "for": duration(alert.for_),
        "keep_firing_for": duration(alert.keep_firing_for),
        "labels": alert.labels,
        "annotations": placed.annotations(alert.value_format),
    }


def render_alertmanager(routing: Routing) -> dict[str, Any]:
    """Alertmanager's file. It holds no secret and no port: address and token are in files beside it.

    Alertmanager looks for the address in its working directory, for the token beside the file.
    """
    return {
        "route": {
            "receiver": routing.receiver,
            "group_by": list(routing.group_by),
            "group_wait": duration(routing.group_wait),
            "group_interval": duration(routing.group_interval),
            "repeat_interval": duration(routing.repeat_interval),
        },
        "receivers": [{"name": routing.receiver, "webhook_configs": [_webhook()]}],
    }


def _webhook() -> dict[str, Any]:
    token = {"type": "Bearer", "credentials_file": "webhook_token"}
    return {"url_file": "webhook_url", "send_resolved": True, "http_config": {"authorization": token}}
