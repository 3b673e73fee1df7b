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
from services.incidents.charts import RATE_WINDOW, choose_step, storage_latency_ms
from services.incidents.incident import Alert, Incident, Window
from services.incidents.runbooks import find_runbook
from services.incidents.settings import Settings
from services.incidents.traces import search_requests

_UID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_NUMBER = re.compile(r"\d{1,6}")
_RUNBOOK = re.compile(r"/runbooks/([a-z0-9-]+)/?")


class Link(NamedTuple):
    """A place to go and what it is called."""

    text: str
    address: str


def link_incident(settings: Settings, incident: Incident) -> list[Link]:
    """Dashboard, metrics and traces around the incident; raw answers of the APIs where there are no pages."""
    window = incident.window(datetime.now(UTC))
    dashboards = (
        link_dashboard(settings, alert, incident) for alert in (incident.headline, *incident.alerts)
    )
    return [
        *[link for link in dashboards if link][:1],
        *_metrics(settings, window),
        _traces(settings, window),
    ]


def link_dashboard(settings: Settings, alert: Alert, incident: Incident) -> Link | None:
    """The dashboard the alert names, at its panel if it names one."""
    uid = alert.annotations.get("__dashboardUid__", "")
    panel = alert.annotations.get("__panelId__", "")
    if not settings.grafana_url or not _UID.fullmatch(uid):
        return None
    window = incident.window(datetime.now(UTC))
    query = {
        "from": int(window.start.timestamp() * 1000),
        "to": int(window.end.timestamp() * 1000),
        **({"viewPanel": panel} if _NUMBER.fullmatch(panel) else {}),
    }
    return Link("Dashboard in Grafana", f"{settings.grafana_url}/d/{uid}?{urlencode(query)}")


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


def _metrics(settings: Settings, window: Window) -> Iterator[Link]:
    rate_window = f"{RATE_WINDOW}s"
    named = (
        ("Hit rate", sli.hit_rate(window=rate_window)),
        ("Storage latency", storage_latency_ms(rate_window)),
    )
    if settings.prometheus_ui_url:
        query = {
            f"g{number}.{key}": value
            for number, (_, expression) in enumerate(named)
            for key, value in _graph(expression, window).items()
        }
        yield Link("Metrics in Prometheus", f"{settings.prometheus_ui_url}/graph?{urlencode(query)}")
        return
    start, end = round(window.start.timestamp()), round(window.end.timestamp())
    for name, expression in named:
        asked = query_range(expression, start, end, choose_step(window))
        yield Link(f"{name} (JSON)", asked.link(settings.prometheus_url))


def _graph(expression: str, window: Window) -> dict[str, str]:
    return {
        "expr": expression,
        "tab": "0",
        "range_input": f"{(window.end - window.start).total_seconds():.0f}s",
        "end_input": f"{window.end:%Y-%m-%d %H:%M:%S}",
    }


def _traces(settings: Settings, window: Window) -> Link:
    asked = search_requests(window, settings.deadline_ms)
    if settings.jaeger_ui_url:
        pages = replace(asked, path="/search")
        return Link("Slow traces in Jaeger", pages.link(settings.jaeger_ui_url))
    return Link("Slow traces (JSON)", asked.link(settings.jaeger_url))
