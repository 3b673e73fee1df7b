"""whence.yaml → the resources beside the Helm chart, and the values the chart is installed with."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

import yaml

import alerts.build
import grafana.build
from alerts.routing import route
from alerts.rules import all_alerts
from alerts.to_alertmanager_config import render as render_routing
from config import Config, service_environment
from generation.collector import FILE, configure_collector
from generation.kubernetes.manifests import APP, HEADING, Manifest, Target, describe, dump, write_yaml
from prometheus.artifacts import Files

PROMETHEUS = Path(__file__).parents[2] / "prometheus" / "prometheus.yml"
COMPONENT = "app.kubernetes.io/component"
INCIDENTS_PORT = 8010
RESOURCES, VALUES = "resources", "values.yaml"


@dataclass(frozen=True)
class Scraped:
    """What Prometheus scrapes under the job `name`: Services with these labels, at a container's port.

    `elsewhere` if it may be in any namespace: what the chart does not install. `authorized` if with a token.
    """

    name: str
    port: int
    labels: dict[str, str] = field(default_factory=dict)
    elsewhere: bool = False
    authorized: bool = False


SCRAPED = (
    Scraped("collector", 8888, {"app.kubernetes.io/name": APP, COMPONENT: "collector"}),
    Scraped(
        "incidents",
        INCIDENTS_PORT,
        {"app.kubernetes.io/name": APP, COMPONENT: "incidents"},
        authorized=True,
    ),
    Scraped("prometheus", 9090, {"operated-prometheus": "true"}, elsewhere=True),
    Scraped("alertmanager", 9093, {"operated-alertmanager": "true"}, elsewhere=True),
    Scraped("jaeger", 8888, {"app.kubernetes.io/name": "jaeger"}, elsewhere=True),
)
"""The rules know these by their jobs. Prometheus Operator's labels are those of the Services it makes."""


def render(config: Config, target: Target) -> Files:
    """The files by path. Raises ValueError when one would not be read as meant."""
    rules, dashboards = alerts.build.generate(config), grafana.build.generate(config)
    manifests = {
        "alerts": [_rules("alerts", rules, target)],
        "recording": [_rules("recording", rules, target)],
        "alertmanager": [_routing(config, target)],
        "service-monitors": [_monitor(scraped, target) for scraped in SCRAPED],
        "runbooks": [_runbooks(rules, target)],
        **{
            f"dashboard-{PurePath(name).stem}": [_dashboard(name, text, config, target)]
            for name, text in dashboards.items()
        },
    }
    files = {f"{RESOURCES}/{name}.yaml": write_yaml(each) for name, each in manifests.items()}
    return {**files, VALUES: HEADING + dump(_values(config))}


def _rules(name: str, rules: Files, target: Target) -> Manifest:
    """Rules as Prometheus' own files have them. Alerts get the namespace by which they are routed."""
    spec = yaml.safe_load(rules[f"prometheus/{name}.yaml"])
    for rule in _alerting(spec):
        rule["labels"]["namespace"] = target.namespace
    return describe("PrometheusRule", name, target, {"release": target.stack}, spec=spec)


def _alerting(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (rule for group in spec["groups"] for rule in group["rules"] if "alert" in rule)


def _routing(config: Config, target: Target) -> Manifest:
    inbox = f"http://{APP}-incidents.{target.namespace}.svc:{INCIDENTS_PORT}/webhooks/alerts"
    spec = render_routing(route(all_alerts(config), config), inbox, secret=APP)
    return describe("AlertmanagerConfig", "routing", target, {"release": target.stack}, spec=spec)


def _monitor(scraped: Scraped, target: Target) -> Manifest:
    settings = yaml.safe_load(PROMETHEUS.read_text())["global"]
    endpoint: dict[str, Any] = {
        "targetPort": scraped.port,
        "interval": settings["scrape_interval"],
        "scrapeTimeout": settings["scrape_timeout"],
        "relabelings": [{"action": "replace", "targetLabel": "job", "replacement": scraped.name}],
    }
    if scraped.authorized:
        endpoint["authorization"] = {"credentials": {"name": APP, "key": "WEBHOOK_TOKEN"}}
    spec = {
        "endpoints": [endpoint],
        "namespaceSelector": {"any": True} if scraped.elsewhere else {"matchNames": [target.namespace]},
        "selector": {"matchLabels": scraped.labels},
    }
    return describe("ServiceMonitor", scraped.name, target, {"release": target.stack}, spec=spec)


def _runbooks(rules: Files, target: Target) -> Manifest:
    data = {PurePath(path).name: text for path, text in rules.items() if path.startswith("runbooks/")}
    return describe("ConfigMap", "runbooks", target, data=data)


def _dashboard(name: str, text: str, config: Config, target: Target) -> Manifest:
    labels, folder = {"grafana_dashboard": "1"}, {"grafana_folder": config.folder}
    return describe(
        "ConfigMap", f"dashboard-{PurePath(name).stem}", target, labels, folder, data={name: text}
    )


def _values(config: Config) -> dict[str, Any]:
    environment = service_environment(config)
    if config.urls.grafana:
        environment["GRAFANA_URL"] = config.urls.grafana
    environment["INCIDENTS_URL"] = config.urls.incidents
    return {
        "existingSecret": APP,
        "incidents": {"runbooks": f"{APP}-runbooks", "environment": environment},
        "collector": {"config": yaml.safe_load(configure_collector(config)[FILE])},
    }
