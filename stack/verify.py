"""`make verify`: does every dashboard, panel query and alert rule work on the live stack?"""

import json
import re
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from prometheus import client as prometheus_client
from prometheus.client import Client, Refused, read_rules, rules
from prometheus.names import ALERTS, series
from prometheus.needs import Need
from stack import StackError
from stack.generated import in_use
from stack.settings import Settings
from telemetry import instruments as i

TIMEOUT = 10.0
RESTORED = 240.0
"""Seconds after its start in which Prometheus evaluates each rule three times, by default every minute."""
FILLED = 150.0
"""Seconds after its start in which a stack has data of everything: measures of models come last, by rules of
each minute about rules of each minute.
"""
VARIABLES = {"__rate_interval": "1m", "__interval": "15s", "__range": "30m"}
"""What Grafana would fill in."""
TOLD = {"refused": i.INGEST_POINTS_REFUSED, "repaired": i.INGEST_POINTS_REPAIRED}
MINUTES = 10
"""Of refused and repaired senders that are told."""


@dataclass(frozen=True)
class Query:
    """A PromQL query, where it is used and what its data needs."""

    used_by: str
    promql: str
    needs: Need | None = None


def _dashboards() -> Path:
    return in_use() / "grafana" / "generated"


def _alerting() -> Path:
    return in_use() / "alerts" / "generated" / "grafana" / "alerting.json"


def verify_stack(settings: Settings, credentials: dict[str, str], console: Console) -> list[str]:
    """One line per failure; empty when everything works. Raises SourceAway, StackError."""
    queries = [*find_panel_queries(), *find_rule_queries()]
    with console.status("Waiting until all is evaluated and has data, some minutes after a restart …"):
        await_rules(settings.url("prometheus"))
        problems = await_queries(settings.url("prometheus"), queries, settings.has)
    problems += check_prometheus_rules(settings.url("prometheus"))
    console.print(f"Prometheus: {len(queries)} panel and rule queries, and the health of its rules.")
    if settings.grafana:
        problems += check_grafana(settings, credentials)
        console.print("Grafana: dashboards and alert rules.")
    else:
        console.print("Grafana: not running; its files were checked when they were generated.")
    for line in describe_senders(settings.url("prometheus")):
        console.print(line)
    console.print("All work." if not problems else f"{len(problems)} fail:")
    return problems


def find_panel_queries(folder: Path | None = None) -> Iterator[Query]:
    """Every panel query of the generated dashboards, variables filled in."""
    folder = folder or _dashboards()
    for file in sorted(folder.glob("*.json")):
        dashboard = json.loads(file.read_text())
        chosen = _choose_values(dashboard)
        for panel in dashboard["panels"]:
            for target in panel.get("targets", ()):
                if target.get("expr"):
                    used_by = f"panel {dashboard['title']} / {panel['title']}"
                    promql = fill_variables(target["expr"], chosen)
                    yield Query(used_by, promql, target.get("needs"))


def _choose_values(dashboard: dict[str, Any]) -> dict[str, str]:
    """The value with which a dashboard opens, of each variable that takes one only and has a default."""
    variables = dashboard["templating"]["list"]
    opens = {each["name"]: each["current"].get("value") for each in variables if not each.get("multi")}
    return {name: value for name, value in opens.items() if value is not None}


def find_rule_queries(file: Path | None = None) -> Iterator[Query]:
    """The data query behind every generated alert rule, without its threshold."""
    file = file or _alerting()
    for group in json.loads(file.read_text())["groups"]:
        for rule in group["rules"]:
            for query in rule["data"]:
                if expr := query["model"].get("expr"):
                    yield Query(f"alert {rule['title']}", expr, query["model"].get("needs"))


def fill_variables(promql: str, chosen: Mapping[str, str]) -> str:
    """The query as Grafana would send it; a variable that is not `chosen` stands for all its values."""
    values = {**VARIABLES, **chosen}
    return re.sub(r"\$\{?([a-zA-Z_]\w*)(?::\w+)?\}?", lambda match: values.get(match[1], ".*"), promql)


def await_queries(
    prometheus: str,
    queries: list[Query],
    has: Collection[Need] = (),
    deadline: float = FILLED,
    every: float = 5.0,
) -> list[str]:
    """A line for each query that still fails after `deadline` seconds, or returns nothing though the stack
    `has` what it needs.
    """
    client = Client("Prometheus", prometheus, TIMEOUT)
    end = time.monotonic() + deadline
    while True:
        problems = {query: problem for query in queries if (problem := _check_query(client, query, has))}
        if not problems or time.monotonic() >= end:
            return list(problems.values())
        queries = list(problems)
        time.sleep(every)


def _check_query(client: Client, query: Query, has: Collection[Need]) -> str:
    try:
        found = client.ask(prometheus_client.query(query.promql))
        problem = "no data" if not found and (query.needs is None or query.needs in has) else ""
    except Refused as refused:
        problem = refused.reason
    return f"{query.used_by}: {problem}: {query.promql}" if problem else ""


def describe_senders(prometheus: str) -> list[str]:
    """A line for each service whose metric points were refused or repaired in the last minutes, and why.

    They are somebody else's mistake, and no reason to say that the stack does not work.
    """
    client = Client("Prometheus", prometheus, TIMEOUT)
    return [
        f"Sender {each.labels['sender']}: {each.last:.0f} metric points {done} in {MINUTES} minutes: "
        f"{each.labels['reason']} (alerts/runbooks/sender-{done}.md says what to do)"
        for done, counter in TOLD.items()
        for each in client.ask(prometheus_client.query(_increase(series(counter).name)))
    ]


def _increase(counter: str) -> str:
    """By sender and reason, also of what began to be counted in between."""
    now = f'{counter}{{reason!=""}}'
    return f"sum by (sender, reason) ({now} - ({now} offset {MINUTES}m or {now} * 0)) > 0"


def await_rules(prometheus: str, deadline: float = RESTORED, every: float = 2.0) -> None:
    """Wait until each rule was evaluated and the alerts it raises are series, at most `deadline` seconds.

    After a start Prometheus evaluates an alert twice before it writes `ALERTS`: by then it has restored since
    when the alert is pending.
    """
    client = Client("Prometheus", prometheus, TIMEOUT)
    end = time.monotonic() + deadline
    while not _are_restored(client) and time.monotonic() < end:
        time.sleep(every)


def _are_restored(client: Client) -> bool:
    found = client.ask(rules())
    written = client.ask(prometheus_client.query(f"group by (alertname) ({ALERTS.name})"))
    raised = {rule.name for rule in found if rule.alerts}
    evaluated = all(rule.health != "unknown" for rule in found)
    return evaluated and raised <= {each.labels["alertname"] for each in written}


def check_prometheus_rules(prometheus: str) -> list[str]:
    """The rules Prometheus could not evaluate, and a line when it loaded none."""
    found = Client("Prometheus", prometheus, TIMEOUT).ask(rules())
    broken = [f"rule {rule.name}: {rule.health}: {rule.error}" for rule in found if rule.health == "err"]
    return broken if found else ["Prometheus has loaded no rules: run `make generate`, then restart it"]


def check_grafana(settings: Settings, credentials: dict[str, str]) -> list[str]:
    """Dashboards Grafana has not loaded and alert rules it cannot evaluate."""
    auth = ("admin", credentials["GRAFANA_ADMIN_PASSWORD"])
    address = settings.url("grafana")
    with httpx.Client(base_url=address, auth=auth, timeout=TIMEOUT, trust_env=False) as client:
        loaded = {found["uid"] for found in _ask(client, "/api/search", {"type": "dash-db"})}
        wanted = {json.loads(file.read_text())["uid"]: file.stem for file in _dashboards().glob("*.json")}
        problems = [f"dashboard {wanted[uid]} is not in Grafana" for uid in wanted.keys() - loaded]
        if settings.alerting == "grafana":
            answer = _ask(client, "/api/prometheus/grafana/api/v1/rules", {})
            problems += _check_grafana_rules({rule.name: rule.health for rule in read_rules(answer)})
    return problems


def _check_grafana_rules(health: dict[str, str]) -> list[str]:
    wanted = [r["title"] for g in json.loads(_alerting().read_text())["groups"] for r in g["rules"]]
    missing = [f"alert {title} is not in Grafana" for title in wanted if title not in health]
    broken = [
        f"alert {name} in Grafana: {state}" for name, state in health.items() if state not in ("ok", "nodata")
    ]
    return missing + broken


def _ask(client: httpx.Client, path: str, parameters: dict[str, str]) -> Any:
    try:
        answer = client.get(path, params=parameters)
        if answer.status_code in (401, 403):
            raise StackError(f"{client.base_url} rejects the credentials in .secrets.env: correct them there")
        return answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise StackError(
            f"no answer from {client.base_url}{path} ({error}): is the stack up? `make status`"
        ) from None
