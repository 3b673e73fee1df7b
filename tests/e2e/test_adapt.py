"""docs/adapt.md, followed word for word on the live stack: a service of one's own with no Python changed."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from stack import ROOT
from stack.ports import find_free_ports
from stack.verify import fill_variables
from tests.e2e.live import Stack, eventually

DOCUMENT = ROOT / "docs" / "adapt.md"
OURS = 'service_name="checkout"'
AT_ONCE = r"^(?!.*\[30m\]).*checkout"
"""Queries of alerts on every service, but for one that needs half an hour of the past."""

BUDGETS = r'slo:burn_rate_excess:ratio\{objective="(availability|latency)"'


def blocks(language: str) -> list[str]:
    """The code blocks of a language, in order."""
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", DOCUMENT.read_text())


START, RUN, TRAFFIC, APPLY, RESTART = blocks("sh")
(INSTRUMENTATION,) = blocks("python")
(CONFIG,) = blocks("yaml")


@pytest.fixture(scope="module")
def port() -> str:
    """Instead of the document's 8020, which may be taken here."""
    return find_free_ports(["checkout_port"])["CHECKOUT_PORT"]


@pytest.fixture(scope="module")
def environment(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The stack's own ports, and a `whence.yaml` and generated files apart from the project's."""
    folder = tmp_path_factory.mktemp("adapt")
    (folder / "whence.yaml").write_text(CONFIG)
    own = {"WHENCE_CONFIG": str(folder / "whence.yaml"), "WHENCE_DATA": str(folder)}
    return {**stack.environment, "OTEL_EXPORTER_OTLP_ENDPOINT": stack.url("otlp_http"), **own}


@pytest.fixture(scope="module")
def checkout(stack: Stack, port: str, environment: dict[str, str]) -> Iterator[None]:
    """The service as step 3 starts it, with its traffic again and again until the tests are done."""
    started = [_start(f"exec {RUN.strip()}".replace("8020", port), environment)]
    try:
        eventually("the service answers", lambda: _answers(f"http://127.0.0.1:{port}/docs"))
        started.append(_start(f"set -e; while true; do {TRAFFIC.replace('8020', port)} done", environment))
        yield
    finally:
        for process in reversed(started):
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(15)


@pytest.fixture(scope="module")
def generated(environment: dict[str, str]) -> Path:
    """Where step 4 writes; before, there is what the defaults make."""
    defaults = _run("make generate", {**environment, "WHENCE_CONFIG": os.devnull})
    assert defaults.returncode == 0, defaults.stderr
    done = _run(f"set -e\n{APPLY}", environment)
    assert done.returncode == 0, done.stderr
    assert "checkout" in done.stdout
    return Path(environment["WHENCE_DATA"]) / "generated"


def _run(commands: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", commands], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )


def _start(commands: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["bash", "-c", commands], cwd=ROOT, env=environment, start_new_session=True)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False


def test_the_document_names_the_ways_in() -> None:
    assert (START.strip(), RESTART.strip()) == ("make up", "make down up")


def test_the_shown_lines_are_the_examples_and_at_most_ten() -> None:
    app = (ROOT / "examples" / "checkout" / "app.py").read_text()
    assert INSTRUMENTATION in app
    between = app.split("# telemetry: the whole of it\n")[1].split("# end of telemetry")[0]
    assert between == INSTRUMENTATION
    assert len(INSTRUMENTATION.split("\n")) <= 10


def test_its_requests_are_spans_and_observations(stack: Stack, checkout: None) -> None:
    counted = f"histogram_count(sum(http_server_request_duration_seconds{{{OURS}}})) >= 100"
    eventually("100 payments are counted", lambda: stack.value(counted), 60)
    (trace,) = eventually("Jaeger has a trace", lambda: stack.traces(service="checkout", limit=1))
    names = {span["operationName"] for span in stack.trace(trace["traceID"])}
    assert names == {"POST /payments", "score_payment"}


def test_the_service_dashboard_offers_and_shows_it(stack: Stack, checkout: None, generated: Path) -> None:
    dashboard = json.loads((generated / "grafana" / "generated" / "service.json").read_text())
    variables = {variable["name"]: variable["definition"] for variable in dashboard["templating"]["list"]}
    offered = re.fullmatch(r"label_values\((.+), service_name\)", variables["service_name"])
    assert offered
    series = {sample["metric"]["service_name"] for sample in stack.query(offered[1])}
    assert "checkout" in series
    for title in ("Requests", "Error rate", "Duration, p95", "Requests by route", "Duration quantiles"):
        (panel,) = (panel for panel in dashboard["panels"] if panel["title"] == title)
        for target in panel["targets"]:
            query = fill_variables(target["expr"].replace("$service_name", "checkout"))
            eventually(f"panel {title} shows it", partial(stack.query, query), 60)


def test_it_has_error_budgets_and_alerts(stack: Stack, checkout: None, generated: Path) -> None:
    records = {rule["record"] for rule in _rules(generated) if _is_ours(rule.get("labels", {}))}
    assert len(records) >= 4
    with _loaded(stack, generated):
        for record in records:
            eventually(f"{record} has data", partial(stack.query, f"{record}{{{OURS}}}"), 120)
        for query in _queries(generated, AT_ONCE):
            eventually(f"the alert looks at it: {query}", partial(_find_ours, stack, query), 60)
        for query in _queries(generated, BUDGETS):
            labels = eventually(f"the alert looks at it: {query}", partial(_find_ours, stack, query), 150)
            assert labels["owner"] == "payments"
        eventually("every rule is evaluated", lambda: _health(stack) == {"ok"}, 90)


def _rules(generated: Path) -> list[dict[str, Any]]:
    files = (generated / "alerts" / "generated" / "prometheus").glob("*.yaml")
    groups = [group for file in files for group in yaml.safe_load(file.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def _is_ours(labels: dict[str, str]) -> bool:
    return labels.get("service_name") == "checkout"


def _queries(generated: Path, like: str) -> list[str]:
    """What Grafana would ask for the alerts whose query is like that, before it compares."""
    file = generated / "alerts" / "generated" / "grafana" / "alerting.json"
    rules = [rule for group in json.loads(file.read_text())["groups"] for rule in group["rules"]]
    queries = [step["model"]["expr"] for rule in rules for step in rule["data"] if "expr" in step["model"]]
    found = [query for query in queries if re.search(like, query)]
    assert len(found) >= 2, queries
    return found


def _find_ours(stack: Stack, query: str) -> dict[str, str] | None:
    return next((sample["metric"] for sample in stack.query(query) if _is_ours(sample["metric"])), None)


@contextmanager
def _loaded(stack: Stack, generated: Path) -> Iterator[None]:
    """Prometheus with the generated rules, as after step 4's restart; then with the project's again."""
    link = stack.data / "run" / "prometheus" / "rules"
    before = link.readlink()
    _point(link, generated / "alerts" / "generated" / "prometheus", stack.pid("prometheus"))
    try:
        yield
    finally:
        _point(link, before, stack.pid("prometheus"))


def _point(link: Path, target: Path, prometheus: int) -> None:
    link.unlink()
    link.symlink_to(target)
    os.kill(prometheus, signal.SIGHUP)


def _health(stack: Stack) -> set[str]:
    answer = stack.http.get(f"{stack.url('prometheus')}/api/v1/rules").json()
    return {rule["health"] for group in answer["data"]["groups"] for rule in group["rules"]}
