"""What the dashboards mark on the time axis: new models, alerts whoever evaluates them, and verdicts."""

import re
from collections.abc import Collection

from grafana.provisioned import PROMETHEUS
from prometheus import queries as q
from prometheus.names import ALERTS, ALERTS_FOR_STATE, series
from telemetry import instruments

STEP = "10s"
DEPLOYMENTS, ALERTS_FIRED, VERDICTS = "Deployments", "Alerts", "Verdicts"


def all_annotations(shown: Collection[str]) -> list[dict[str, object]]:
    """Grafana's own (alert states, notes), deployments, alerts that Prometheus evaluates, and verdicts.

    All but those `shown` are off until a person turns them on.
    """
    marks = [_deployments(), _alerts(), _verdicts()]
    return [_built_in(), *(mark | {"enable": mark["name"] in shown} for mark in marks)]


def _deployments() -> dict[str, object]:
    model = series(instruments.RECOMMENDATION_MODEL_INFO)
    deployed = f"1000 * {q.set_since(model, by=['model_version', 'dataset_id'])}"
    title, text = "Model {{model_version}} is live", "Data set {{dataset_id}}"
    return _mark(DEPLOYMENTS, deployed, "purple", title, text)


def _alerts() -> dict[str, object]:
    by = ["alertname", "severity", "component"]
    firing = q.level(ALERTS, 'alertstate="firing"', by=by)
    since = f"1000 * {q.highest(ALERTS_FOR_STATE, by=by)} and {firing}"
    return _mark(ALERTS_FIRED, since, "red", "{{alertname}}", "{{severity}}, {{component}}")


def _verdicts() -> dict[str, object]:
    started = series(instruments.INCIDENT_STARTED)
    explained = q.highest(started, 'domain!="pending"', by=["alert", "domain", "cause"])
    text = "{{domain}}: {{cause}}"
    return _mark(VERDICTS, f"1000 * ({explained} > 0)", "blue", "{{alert}}", text)


def _built_in() -> dict[str, object]:
    return {
        "builtIn": 1,
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        "enable": True,
        "hide": True,
        "iconColor": "rgba(0, 211, 255, 1)",
        "name": "Annotations & Alerts",
        "type": "dashboard",
    }


def _mark(name: str, expr: str, color: str, title: str, text: str) -> dict[str, object]:
    """One mark at each value of the query, in milliseconds; marks at samples' times would become regions."""
    return {
        "datasource": {"type": "prometheus", "uid": PROMETHEUS},
        "hide": False,
        "iconColor": color,
        "name": name,
        "expr": expr,
        "step": STEP,
        "titleFormat": title,
        "textFormat": text,
        "tagKeys": ",".join(re.findall(r"{{(\w+)}}", title + text)),
        "useValueForTime": True,
    }
