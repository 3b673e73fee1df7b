"""Asks what the panels of the generated dashboards ask, as Grafana does, with the variables' real values."""

import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from grafana.build import FOLDER
from tests.e2e.live import Stack, eventually

RANGE, STEP = 1800, 15
"""Seconds that the dashboards show, and between the points of a panel as wide as half a screen."""

Values = dict[str, str]


@dataclass(frozen=True)
class Target:
    """One query of a panel."""

    dashboard: str
    panel: str
    ref_id: str
    expr: str
    instant: bool
    needs: str | None = None

    @property
    def name(self) -> str:
        return f"{self.dashboard} / {self.panel} / {self.ref_id}"


def read_dashboards(folder: Path = FOLDER) -> dict[str, dict[str, Any]]:
    """The generated dashboards by uid."""
    return {file.stem: json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))}


def targets(dashboard: dict[str, Any]) -> list[Target]:
    """Every query of a dashboard's panels."""
    return [
        Target(
            dashboard["uid"],
            panel["title"],
            target["refId"],
            target["expr"],
            target["instant"],
            target.get("needs"),
        )
        for panel in dashboard["panels"]
        for target in panel.get("targets", [])
    ]


def read_variables(stack: Stack, dashboard: dict[str, Any]) -> dict[str, list[str]]:
    """The values of each variable; one that follows another is asked with all of that one's."""
    found: dict[str, list[str]] = {}
    for variable in dashboard["templating"]["list"]:
        query = fill(variable["definition"], choose(dashboard, found))
        parts = re.fullmatch(r"label_values\((.*), (\w+)\)", query)
        assert parts, query
        url = f"{stack.url('prometheus')}/api/v1/label/{parts[2]}/values"
        now = time.time()
        answer = stack.http.get(url, params={"match[]": parts[1], "start": now - RANGE, "end": now}).json()
        found[variable["name"]] = answer["data"]
    return found


def choose(dashboard: dict[str, Any], values: dict[str, list[str]]) -> Values:
    """What Grafana puts for each variable at first: all values, or the one that is shown first."""
    chosen = {}
    for variable in dashboard["templating"]["list"]:
        if variable["name"] in values:
            all_values = "|".join(map(re.escape, values[variable["name"]])).replace("\\", "\\\\")
            chosen[variable["name"]] = (
                f"({all_values})" if variable["multi"] else str(variable["current"]["value"])
            )
    return chosen


def fill(query: str, values: Values) -> str:
    """The query with its variables and Grafana's own replaced."""
    return re.sub(
        r"\$([a-z_]\w*)", lambda name: values.get(name[1], ""), query.replace("$__rate_interval", "1m")
    )


def ask(stack: Stack, target: Target, values: Values) -> tuple[list[dict[str, Any]], float]:
    """The series of a query and the milliseconds it took, the median of three. Fails on an error."""
    parameters: dict[str, Any] = {"query": fill(target.expr, values)}
    path = "query"
    if not target.instant:
        path, now = "query_range", time.time()
        parameters |= {"start": now - RANGE, "end": now, "step": STEP}
    answers, times = [], []
    for _ in range(3):
        started = time.perf_counter()
        answers.append(stack.http.get(f"{stack.url('prometheus')}/api/v1/{path}", params=parameters).json())
        times.append((time.perf_counter() - started) * 1000)
    assert answers[-1]["status"] == "success", f"{target.name}: {answers[-1]}"
    return answers[-1]["data"]["result"], median(times)


def newest(series: list[dict[str, Any]]) -> dict[str, float]:
    """The newest number of each series by its labels' values; histograms and NaN left out."""
    samples = {
        " ".join(one["metric"].values()): one.get("value") or (one.get("values") or [None])[-1]
        for one in series
    }
    return {
        name: float(sample[1])
        for name, sample in samples.items()
        if sample and sample[1] != "NaN" and time.time() - sample[0] < 60
    }


def has_data(series: list[dict[str, Any]]) -> bool:
    """Whether there is a number or a histogram of the last minute."""
    histograms = [one.get("histogram") or one.get("histograms") for one in series]
    return bool(newest(series)) or any(histograms)


ELSEWHERE = ("llm", "models", "model")
DASHBOARDS = {uid: content for uid, content in read_dashboards().items() if uid not in ELSEWHERE}
"""Nobody calls language models here: tests/e2e/senders/test_llm.py has that one. What is usual of a model is
known after half an hour, and no model has all panels: tests/rules/test_model_health.py has those two.
"""


def settle(stack: Stack, uid: str) -> Values:
    """The variables' values of a dashboard, once there are some."""
    dashboard = DASHBOARDS[uid]

    def found() -> list[Values]:
        values = read_variables(stack, dashboard)
        return [choose(dashboard, values)] if all(values.values()) else []

    return eventually(f"values of the variables of {uid}", found, 60)[0]
