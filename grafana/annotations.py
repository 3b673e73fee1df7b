"""What the dashboards mark on the time axis: new models, alerts whoever evaluates them, and verdicts."""

from grafana.provisioned import PROMETHEUS
from prometheus import queries as q
from prometheus.names import ALERTS, series
from telemetry import instruments

STEP = "10s"


def all_annotations() -> list[dict[str, object]]:
    """Grafana's own (alert states, notes), deployments, alerts that Prometheus evaluates, and verdicts."""
    model = series(instruments.RECOMMENDATION_MODEL_INFO)
    deployed = q.newly_seen(model, by=["model_version", "dataset_id"])
    firing = q.level(ALERTS, 'alertstate="firing"', by=["alertname", "severity", "component"])
    verdict = q.highest(series(instruments.INCIDENT_VERDICT), by=["domain", "cause"])
    return [
        _built_in(),
        _marks(
            "Deployments",
            deployed,
            "purple",
            "Model {{model_version}} is live",
            "Data set {{dataset_id}}",
            "model_version",
        ),
        _marks("Alerts", firing, "red", "{{alertname}}", "{{severity}}, {{component}}", "alertname,severity"),
        _marks(
            "Verdicts",
            f"{verdict} == 1",
            "blue",
            "Verdict: {{cause}}",
            "It is the {{domain}}",
            "domain,cause",
        ),
    ]


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


def _marks(name: str, expr: str, color: str, title: str, text: str, tags: str) -> dict[str, object]:
    return {
        "datasource": {"type": "prometheus", "uid": PROMETHEUS},
        "enable": True,
        "hide": False,
        "iconColor": color,
        "name": name,
        "expr": expr,
        "step": STEP,
        "titleFormat": title,
        "textFormat": text,
        "tagKeys": tags,
        "useValueForTime": False,
    }
