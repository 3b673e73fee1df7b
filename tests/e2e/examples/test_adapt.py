"""docs/adapt.md, followed word for word on the live stack: a service of one's own with no Python changed."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from prometheus import indicators as sli
from stack import ROOT
from stack.running.ports import find_free_ports
from stack.verify import fill_variables
from tests.e2e.live import Stack, eventually

DOCUMENT = ROOT / "docs" / "adapt.md"
OURS = 'service_name="checkout"'
SERVICES = ("checkout", "parcels")
AT_ONCE = r"^(?!.*/ sum.*\[30m\]).*checkout"
"""Queries of alerts on every service, but for one that needs half an hour of the past."""
PATIENT_WITH_WORKERS = " --timeout-worker-healthcheck 60"
"""A busy machine starts a worker more slowly than uvicorn waits for it."""

BUDGETS = r'slo:burn_rate_excess:ratio\{objective="(availability|latency)"'


def blocks(language: str) -> list[str]:
    """The code blocks of a language, in order."""
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", DOCUMENT.read_text())


START, RUN, TRAFFIC, IN_GO, APPLY, RESTART, FAILING, PROFILE, CALLERS, UNIT, MEND = blocks("sh")
WATCHING, INSTRUMENTATION = blocks("python")
(CONFIG,) = blocks("yaml")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Instead of `data`."""
    return tmp_path_factory.mktemp("adapt")


@pytest.fixture(scope="module")
def address(stack: Stack, folder: Path) -> Callable[[str], str]:
    """The document's commands with the stack's ports, free ones for the services, another folder for data."""
    free = find_free_ports(["checkout_port", "parcels_port"])
    ours = {
        "127.0.0.1:4317": stack.url("otlp_grpc").removeprefix("http://"),
        "127.0.0.1:4318": stack.url("otlp_http").removeprefix("http://"),
        "8020": free["CHECKOUT_PORT"],
        "8021": free["PARCELS_PORT"],
        "../../data": str(folder),
        " data/": f" {folder}/",
        "--workers 4": f"--workers 4{PATIENT_WITH_WORKERS}",
    }

    def put(commands: str) -> str:
        for documented, own in ours.items():
            commands = commands.replace(documented, own)
        return commands

    return put


@pytest.fixture(scope="module")
def environment(stack: Stack, folder: Path) -> dict[str, str]:
    """The stack's own ports, and a `whence.yaml` and generated files apart from the project's."""
    (folder / "whence.yaml").write_text(CONFIG)
    own = {"WHENCE_CONFIG": str(folder / "whence.yaml"), "WHENCE_DATA": str(folder)}
    stock = {name: value for name, value in stack.environment.items() if not name.startswith("OTEL_")}
    return stock | own


@pytest.fixture(scope="module")
def services(address: Callable[[str], str], environment: dict[str, str]) -> Iterator[None]:
    """Both services as step 2 starts them, with their traffic again and again until the tests are done."""
    parcels = (
        "for n in $(seq 1 300); do curl -fsS -o /dev/null http://127.0.0.1:8021/parcels/$n; sleep 0.1; done"
    )
    started = [_start(address(RUN), environment), _start(address(IN_GO), environment)]
    try:
        for url in ("http://127.0.0.1:8020/docs", "http://127.0.0.1:8021/parcels/1"):
            eventually(f"{url} answers", partial(_answers, address(url)), 240)
        for traffic in (TRAFFIC, parcels):
            again = f"set -e; while true; do {address(traffic)}\ndone"
            started.append(_start(again, environment))
        yield
    finally:
        for process in reversed(started):
            _stop(process)


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


def _stop(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(15)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False


def test_the_document_names_the_ways_in() -> None:
    assert (START.strip(), RESTART.strip()) == ("make up", "make down up")


def test_the_shown_lines_are_the_examples_and_at_most_ten() -> None:
    app = (ROOT / "examples" / "checkout" / "thin.py").read_text()
    assert INSTRUMENTATION in app
    between = app.split("# telemetry: the whole of it\n")[1].split("# end of telemetry")[0]
    assert between == INSTRUMENTATION
    assert len(INSTRUMENTATION.split("\n")) <= 10


@pytest.mark.parametrize("name", SERVICES)
def test_its_requests_are_counted_within_seconds(stack: Stack, services: None, name: str) -> None:
    counted = sli.requests(f'service_name="{name}"', window="1m") + " > 0.5"
    eventually(f"requests of {name} are counted", lambda: stack.value(counted), 60)
    eventually("Jaeger has a trace", lambda: stack.traces(service=name, limit=1))


def test_each_worker_counts_for_itself(stack: Stack, services: None) -> None:
    workers = f"count(count by (instance) (traces_requests_duration_seconds{{{OURS}}}))"
    eventually("all four workers are there", lambda: stack.value(f"{workers} >= 4"), 90)


@pytest.mark.parametrize("name", SERVICES)
def test_jaegers_monitor_tab_shows_it(stack: Stack, services: None, name: str) -> None:
    of: dict[str, str | float] = {
        "service": name,
        "quantile": 0.95,
        "lookback": 600_000,
        "step": 10_000,
        "ratePer": 60_000,
    }

    def points() -> bool:
        url = f"{stack.url('jaeger')}/api/metrics/latencies"
        metrics = stack.http.get(url, params=of).json().get("metrics") or []
        values = [point["gaugeValue"]["doubleValue"] for found in metrics for point in found["metricPoints"]]
        return any(isinstance(value, float) and value > 0 for value in values)

    eventually(f"durations of {name}", points, 60)


@pytest.mark.parametrize("name", SERVICES)
def test_the_service_dashboard_offers_and_shows_it(
    stack: Stack, services: None, generated: Path, name: str
) -> None:
    dashboard = json.loads((generated / "grafana" / "generated" / "service.json").read_text())
    variables = {variable["name"]: variable["definition"] for variable in dashboard["templating"]["list"]}
    offered = re.fullmatch(r"label_values\((.+), service_name\)", variables["service_name"])
    assert offered
    series = {sample["metric"]["service_name"] for sample in stack.query(offered[1])}
    assert name in series
    for title in ("Requests", "Error rate", "Duration, p95", "Requests by route", "Duration quantiles"):
        (panel,) = (panel for panel in dashboard["panels"] if panel["title"] == title)
        for target in panel["targets"]:
            query = fill_variables(target["expr"], {"service_name": name})
            eventually(f"panel {title} shows it", partial(stack.query, query), 60)


def test_it_has_error_budgets_and_alerts(
    stack: Stack,
    services: None,
    generated: Path,
    address: Callable[[str], str],
    environment: dict[str, str],
) -> None:
    records = {rule["record"] for rule in _rules(generated) if _is_ours(rule.get("labels", {}))}
    assert len(records) >= 4
    with _loaded(stack, generated):
        for record, name in product(records, SERVICES):
            eventually(f"{record} has data", partial(stack.query, f'{record}{{service_name="{name}"}}'), 120)
        for query in _queries(generated, AT_ONCE):
            eventually(f"the alert looks at it: {query}", partial(_find_ours, stack, query), 60)
        for query in _queries(generated, BUDGETS):
            labels = eventually(f"the alert looks at it: {query}", partial(_find_ours, stack, query), 150)
            assert labels["owner"] == "payments"
        eventually("every rule is evaluated", lambda: _health(stack) == {"ok"}, 90)
        failing = _start(address(f"while true; do {FAILING}\ndone"), environment)
        try:
            firing = f'ALERTS{{alertname="Server Errors", alertstate="firing", {OURS}}}'
            eventually("Server Errors fires", lambda: stack.query(firing), 90)
        finally:
            _stop(failing)


def test_its_model_is_watched_and_a_change_of_unit_is_seen(
    stack: Stack, services: None, address: Callable[[str], str], environment: dict[str, str]
) -> None:
    """Metrics of an SDK come once a minute, and rules of models are evaluated as often."""
    made = _run(address(PROFILE), environment)
    assert "columns watched" in made.stdout, made.stderr
    calling = _start(f"exec {address(CALLERS)}", environment)
    try:
        for counted in ("model_predictions_total", "model_labels_total"):
            eventually(f"{counted} of the model come", partial(_count_fraud, stack, counted), 240)
        changed = (
            f'ALERTS{{alertname="Model Feature Unit Changed", alertstate="firing", {OURS}, feature="amount"}}'
        )
        assert not stack.query(changed)
        assert "amount" in _run(address(UNIT), environment).stdout
        eventually("Model Feature Unit Changed fires", lambda: stack.query(changed), 420)
        assert "Mended: checkout-unit-change." in _run(address(MEND), environment).stdout
    finally:
        _stop(calling)


def _count_fraud(stack: Stack, counted: str) -> bool:
    return (
        stack.value(f'sum({counted}{{{OURS}, model_name="fraud", model_version="1.0.0"}}) > 100') is not None
    )


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
