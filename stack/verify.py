"""`make verify`: does every dashboard, panel query and alert rule work on the live stack?"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from stack import StackError
from stack.generated import in_use
from stack.settings import Settings

VARIABLES = {"__rate_interval": "1m", "__interval": "15s", "__range": "30m"}
"""What Grafana would fill in; every other variable stands for all its values (`.*`)."""


@dataclass(frozen=True)
class Query:
    """A PromQL query and where it is used."""

    used_by: str
    promql: str


def _dashboards() -> Path:
    return in_use() / "grafana" / "generated"


def _alerting() -> Path:
    return in_use() / "alerts" / "generated" / "grafana" / "alerting.json"


def verify_stack(settings: Settings, credentials: dict[str, str], console: Console) -> list[str]:
    """One line per thing that does not work; empty when all is well."""
    queries = [*find_panel_queries(), *find_rule_queries()]
    problems = check_queries(settings.url("prometheus"), queries)
    problems += check_prometheus_rules(settings.url("prometheus"))
    console.print(f"{len(queries)} panel and rule queries asked of Prometheus, and its rules' health.")
    if settings.grafana:
        problems += check_grafana(settings, credentials)
        console.print("Dashboards and alert rules asked of Grafana.")
    else:
        console.print("No Grafana runs here: its files were checked when they were generated.")
    console.print("All of it works." if not problems else f"{len(problems)} do not work:")
    return problems


def find_panel_queries(folder: Path | None = None) -> Iterator[Query]:
    """Every panel query of the generated dashboards, variables filled in."""
    folder = folder or _dashboards()
    for file in sorted(folder.glob("*.json")):
        dashboard = json.loads(file.read_text())
        for panel in dashboard["panels"]:
            for target in panel.get("targets", ()):
                if target.get("expr"):
                    yield Query(
                        f"panel {dashboard['title']} / {panel['title']}", fill_variables(target["expr"])
                    )


def find_rule_queries(file: Path | None = None) -> Iterator[Query]:
    """The data query behind every generated alert rule, without its threshold."""
    file = file or _alerting()
    for group in json.loads(file.read_text())["groups"]:
        for rule in group["rules"]:
            for query in rule["data"]:
                if expr := query["model"].get("expr"):
                    yield Query(f"alert {rule['title']}", expr)


def fill_variables(promql: str) -> str:
    """The query as Grafana would send it: `$__rate_interval` and the dashboard's variables replaced."""
    return re.sub(r"\$\{?(\w+)(?::\w+)?\}?", lambda match: VARIABLES.get(match[1], ".*"), promql)


def check_queries(prometheus: str, queries: list[Query]) -> list[str]:
    """The queries that fail or return nothing."""
    problems = []
    with httpx.Client(base_url=prometheus, timeout=10, trust_env=False) as client:
        for query in queries:
            answer = _ask(client, "/api/v1/query", {"query": query.promql})
            if answer["status"] != "success":
                problems.append(f"{query.used_by}: {answer['error']}: {query.promql}")
            elif not answer["data"]["result"]:
                problems.append(f"{query.used_by}: no data: {query.promql}")
    return problems


def check_prometheus_rules(prometheus: str) -> list[str]:
    """The rules Prometheus could not evaluate, and a line when it loaded none."""
    with httpx.Client(base_url=prometheus, timeout=10, trust_env=False) as client:
        groups = _ask(client, "/api/v1/rules", {})["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    broken = [
        f"rule {r['name']}: {r['health']}: {r.get('lastError', '')}" for r in rules if r["health"] == "err"
    ]
    return broken if rules else ["Prometheus has loaded no rules: run `make generate`, then restart it"]


def check_grafana(settings: Settings, credentials: dict[str, str]) -> list[str]:
    """Dashboards Grafana has not loaded and alert rules it cannot evaluate."""
    auth = ("admin", credentials["GRAFANA_ADMIN_PASSWORD"])
    with httpx.Client(base_url=settings.url("grafana"), auth=auth, timeout=10, trust_env=False) as client:
        loaded = {found["uid"] for found in _ask(client, "/api/search", {"type": "dash-db"})}
        wanted = {json.loads(file.read_text())["uid"]: file.stem for file in _dashboards().glob("*.json")}
        problems = [f"dashboard {wanted[uid]} is not in Grafana" for uid in wanted.keys() - loaded]
        if settings.alerting == "grafana":
            groups = _ask(client, "/api/prometheus/grafana/api/v1/rules", {})["data"]["groups"]
            rules = {rule["name"]: rule for group in groups for rule in group["rules"]}
            problems += _check_grafana_rules(rules)
    return problems


def _check_grafana_rules(rules: dict[str, dict[str, Any]]) -> list[str]:
    wanted = [r["title"] for g in json.loads(_alerting().read_text())["groups"] for r in g["rules"]]
    missing = [f"alert {title} is not in Grafana" for title in wanted if title not in rules]
    broken = [
        f"alert {name} in Grafana: {r['health']}"
        for name, r in rules.items()
        if r["health"] not in ("ok", "nodata")
    ]
    return missing + broken


def _ask(client: httpx.Client, path: str, parameters: dict[str, str]) -> Any:
    try:
        answer = client.get(path, params=parameters)
        if answer.status_code in (401, 403):
            raise StackError(
                f"{client.base_url} refuses the credentials in .secrets.env: put the right ones there"
            )
        return answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise StackError(
            f"no answer from {client.base_url}{path} ({error}): is the stack up? `make status`"
        ) from None
