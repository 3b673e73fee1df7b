"""Where to look next, at the right time range."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from prometheus import indicators as sli
from prometheus.client import query_range
from prometheus.series.models import MODEL
from services.incidents.incident import Alert, Incident, Window
from services.incidents.settings import Settings
from services.incidents.web.charts import RATE_WINDOW, choose_step, service_queries, storage_latency_ms
from services.incidents.web.runbooks import find_runbook
from services.incidents.web.subject import choose_service, choose_services, find_affected
from services.incidents.web.traces import search_requests

SERVICE_DASHBOARD = "service"
"""The uid of the dashboard that shows the service `service_name`."""

MODEL_DASHBOARD = "model"
"""The same of the version `model_version` of the model `model_name`."""

_UID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_NUMBER = re.compile(r"\d{1,6}")
_RUNBOOK = re.compile(r"/runbooks/([a-z0-9-]+)/?")


class Link(NamedTuple):
    """A place to go and what it is called."""

    text: str
    address: str


def link_incident(settings: Settings, incident: Incident) -> list[Link]:
    """Dashboards, metrics and traces around the incident; raw answers of APIs where there are no pages."""
    dashboards = (
        link_dashboard(settings, alert, incident) for alert in (incident.headline, *incident.alerts)
    )
    services = (link_service(settings, name, incident) for name in choose_services(incident))
    return [
        *[link for link in services if link],
        *([link for link in dashboards if link][:1] if choose_service(incident) is None else ()),
        *_metrics(settings, incident),
        _traces(settings, incident),
    ]


def link_service(settings: Settings, service: str, incident: Incident) -> Link | None:
    """The Service dashboard of one service."""
    if not settings.grafana_url:
        return None
    query = urlencode({**_grafana_times(incident), "var-service_name": service})
    return Link(f"{service} in Grafana", f"{settings.grafana_url}/d/{SERVICE_DASHBOARD}?{query}")


def link_model(settings: Settings, service: str, model: str, version: str) -> Link | None:
    """The Model dashboard of one version."""
    if not settings.grafana_url:
        return None
    chosen = dict(zip(MODEL, (service, model, version), strict=True))
    query = urlencode({f"var-{label}": value for label, value in chosen.items()})
    return Link("Open in Grafana", f"{settings.grafana_url}/d/{MODEL_DASHBOARD}?{query}")


def link_dashboard(settings: Settings, alert: Alert, incident: Incident) -> Link | None:
    """The dashboard the alert names, at its panel if it names one, and of its service."""
    uid = alert.annotations.get("__dashboardUid__", "")
    panel = alert.annotations.get("__panelId__", "")
    service = alert.labels.get("service_name", "")
    if not settings.grafana_url or not _UID.fullmatch(uid):
        return None
    query = {
        **_grafana_times(incident),
        **({"viewPanel": panel} if _NUMBER.fullmatch(panel) else {}),
        **({"var-service_name": service} if service else {}),
    }
    return Link("Dashboard in Grafana", f"{settings.grafana_url}/d/{uid}?{urlencode(query)}")


def _grafana_times(incident: Incident) -> dict[str, int]:
    window = incident.window(datetime.now(UTC))
    return {"from": int(window.start.timestamp() * 1000), "to": int(window.end.timestamp() * 1000)}


def link_trace(settings: Settings, trace_id: str) -> Link | None:
    """A trace in Jaeger, where that has pages."""
    if not settings.jaeger_ui_url:
        return None
    return Link("Open in Jaeger", f"{settings.jaeger_ui_url}/trace/{trace_id}")


def link_query(settings: Settings, query: str, incident: Incident) -> Link | None:
    """A query's graph in Prometheus around the incident, where Prometheus has pages."""
    if not settings.prometheus_ui_url or not query:
        return None
    graph = _graph(query, incident.window(datetime.now(UTC)))
    parameters = {f"g0.{key}": value for key, value in graph.items()}
    return Link("Open in Prometheus", f"{settings.prometheus_ui_url}/graph?{urlencode(parameters)}")


def link_own_runbook(runbooks: Path, address: str) -> Link | None:
    """Our own page of a runbook: `/runbooks/<slug>` on any host, if we have it."""
    own = _RUNBOOK.fullmatch(urlsplit(address).path)
    return Link("Runbook", f"/runbooks/{own[1]}") if own and find_runbook(runbooks, own[1]) else None


def link_runbook(runbooks: Path, alert: Alert) -> Link | None:
    """Our own page of the runbook if we have it, else what the alert says, if that is a web address."""
    address = alert.annotations.get("runbook_url", "")
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    web = Link("Runbook", address) if parts.scheme in ("http", "https") and parts.netloc else None
    return link_own_runbook(runbooks, address) or web


def _metrics(settings: Settings, incident: Incident) -> Iterator[Link]:
    window = incident.window(datetime.now(UTC))
    named = _name_metrics(incident)
    if settings.prometheus_ui_url:
        query = {
            f"g{number}.{key}": value
            for number, expression in enumerate(named.values())
            for key, value in _graph(expression, window).items()
        }
        yield Link("Metrics in Prometheus", f"{settings.prometheus_ui_url}/graph?{urlencode(query)}")
        return
    start, end = round(window.start.timestamp()), round(window.end.timestamp())
    for name, expression in named.items():
        asked = query_range(expression, start, end, choose_step(window))
        yield Link(f"{name} (JSON)", asked.link(settings.prometheus_url))


def _name_metrics(incident: Incident) -> dict[str, str]:
    rate_window = f"{RATE_WINDOW}s"
    service = choose_service(incident)
    if service is None:
        return {
            "Hit rate": sli.hit_rate(window=rate_window),
            "Storage latency": storage_latency_ms(rate_window),
        }
    requests, failures, latency = service_queries(service, rate_window)
    return {"Requests": requests, "Failed requests": failures, "Latency": latency}


def _graph(expression: str, window: Window) -> dict[str, str]:
    return {
        "expr": expression,
        "tab": "0",
        "range_input": f"{(window.end - window.start).total_seconds():.0f}s",
        "end_input": f"{window.end:%Y-%m-%d %H:%M:%S}",
    }


def _traces(settings: Settings, incident: Incident) -> Link:
    affected = find_affected(incident, choose_service(incident), settings.recommender_storage_deadline)
    asked = search_requests(incident.window(datetime.now(UTC)), affected)
    name = "Failed traces" if affected.failed else "Slow traces"
    if settings.jaeger_ui_url:
        pages = replace(asked, path="/search")
        return Link(f"{name} in Jaeger", pages.link(settings.jaeger_ui_url))
    return Link(f"{name} (JSON)", asked.link(settings.jaeger_url))
