import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from rich.console import Console

from prometheus.needs import Need
from stack import ROOT
from stack.settings import DistributedSettings, Settings
from stack.verify import (
    Query,
    await_queries,
    await_rules,
    describe_senders,
    fill_variables,
    find_panel_queries,
    find_rule_queries,
    verify_stack,
)

ANSWERS = {
    "up": {"resultType": "vector", "result": [{"metric": {}, "value": [0, "1"]}]},
    "gone": {"result": []},
}
SENDERS = {
    f"ingest_points_{done}_total": {
        "resultType": "vector",
        "result": [{"metric": {"sender": sender, "reason": reason}, "value": [0, "120"]}],
    }
    for done, sender, reason in (("refused", "legacy", "temporality"), ("repaired", "skewed", "future"))
}


class FakePrometheus(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        (promql,) = parse_qs(self.rfile.read(length).decode())["query"]
        of_senders = (answer for counter, answer in SENDERS.items() if counter in promql)
        data = next(of_senders, None) or ANSWERS.get(promql)
        answer = {"status": "success", "data": data} if data else {"status": "error", "error": "parse error"}
        self.send_response(200 if data else 400)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *args: object) -> None:
        pass


class RestartedPrometheus(BaseHTTPRequestHandler):
    """Each question after its rules finds them evaluated once more; `ALERTS` follows the third time."""

    evaluations = 0

    def do_GET(self) -> None:
        number = RestartedPrometheus.evaluations
        RestartedPrometheus.evaluations += 1
        alerts = [{"labels": {"alertname": "Heartbeat"}}] if number else []
        rule = {"name": "Heartbeat", "health": "ok" if number else "unknown", "alerts": alerts}
        self._answer({"groups": [{"rules": [rule]}]})

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        written = "ALERTS" in asked and RestartedPrometheus.evaluations > 3
        series = [{"metric": {"alertname": "Heartbeat"}, "value": [0, "1"]}] if written else []
        self._answer({"resultType": "vector", "result": series})

    def _answer(self, data: object) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"status": "success", "data": data}).encode())

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def serve(prometheus: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), prometheus)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def prometheus() -> Iterator[str]:
    with serve(FakePrometheus) as address:
        yield address


@pytest.fixture
def restarted() -> Iterator[str]:
    RestartedPrometheus.evaluations = 0
    with serve(RestartedPrometheus) as address:
        yield address


def test_after_a_restart_alerts_are_waited_for_until_they_are_series_again(
    restarted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stack.verify.find_panel_queries", lambda: [Query("panel Firing alerts", "ALERTS")])
    monkeypatch.setattr("stack.verify.find_rule_queries", list)
    monkeypatch.setattr("stack.verify.time.sleep", lambda seconds: None)
    monkeypatch.setattr(Settings, "grafana", None)
    settings = Settings(prometheus_port=int(restarted.rpartition(":")[2]))
    assert verify_stack(settings, {}, Console(quiet=True)) == []


def test_they_are_not_waited_for_for_ever(restarted: str) -> None:
    await_rules(restarted, deadline=0, every=0)
    assert RestartedPrometheus.evaluations == 1
    assert await_queries(restarted, [Query("panel Firing alerts", "ALERTS")], deadline=0) != []


def test_says_which_query_is_empty_or_fails(prometheus: str) -> None:
    queries = [Query("panel A", "up"), Query("panel B", "gone"), Query("alert C", "up(")]
    empty, failing = await_queries(prometheus, queries, deadline=0)
    assert "panel B" in empty and "no data" in empty
    assert "alert C" in failing and "parse error" in failing


def test_what_comes_with_the_first_minute_is_waited_for(
    prometheus: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ANSWERS, "late", ANSWERS["gone"])
    monkeypatch.setattr(
        "stack.verify.time.sleep", lambda seconds: monkeypatch.setitem(ANSWERS, "late", ANSWERS["up"])
    )
    assert await_queries(prometheus, [Query("alert A", "up"), Query("alert B", "late")]) == []


def test_what_needs_something_that_the_stack_has_not_may_be_empty_but_not_fail(prometheus: str) -> None:
    empty, failing = (Query("alert A", promql, Need.KAFKA) for promql in ("gone", "gone("))
    assert await_queries(prometheus, [empty], has=(), deadline=0) == []
    assert await_queries(prometheus, [empty], has=(Need.KAFKA,), deadline=0) != []
    assert await_queries(prometheus, [failing], has=(), deadline=0) != []


@pytest.mark.parametrize(
    ("settings", "has"),
    [
        ({}, {Need.OBJECT_STORAGE}),
        ({"scale": "1"}, {Need.OBJECT_STORAGE, Need.KAFKA}),
        ({"storage_endpoint": "https://s3.example.org"}, set()),
    ],
)
def test_only_the_distributed_stack_has_kafka(settings: dict[str, str], has: set[Need]) -> None:
    assert Settings.model_validate(settings).has == has
    assert DistributedSettings().has == {Need.OBJECT_STORAGE, Need.KAFKA}


@pytest.mark.parametrize(
    ("used_by", "needs"),
    [
        ("alert Consumers Fall Behind", Need.KAFKA),
        ("alert Model Concept Drift", Need.WATCHED_MODEL),
        ("alert Storage Errors", None),
        ("panel LLM / Tokens", Need.LANGUAGE_MODEL),
        ("panel Models / Models", Need.WATCHED_MODEL),
        ("panel Model and data / Agreement by segment", Need.SHADOW),
        ("panel Model and data / NDCG by version", None),
        ("panel Object storage / Space left", Need.OBJECT_STORAGE),
    ],
)
def test_generated_queries_say_what_they_need(used_by: str, needs: Need | None) -> None:
    alerting = ROOT / "alerts" / "generated" / "grafana" / "alerting.json"
    queries = [*find_panel_queries(ROOT / "grafana" / "generated"), *find_rule_queries(alerting)]
    assert {query.needs for query in queries if query.used_by == used_by} == {needs}


def test_says_whose_points_were_refused_or_repaired_and_why(prometheus: str) -> None:
    refused, repaired = describe_senders(prometheus)
    assert "legacy: 120 metric points refused" in refused and "temporality" in refused
    assert "skewed: 120 metric points repaired" in repaired and "future" in repaired
    for line, runbook in ((refused, "sender-refused.md"), (repaired, "sender-repaired.md")):
        assert (ROOT / "alerts" / "runbooks" / runbook).is_file() and runbook in line


@pytest.mark.parametrize(
    ("panel", "sent"),
    [
        ("rate(x[$__rate_interval])", "rate(x[1m])"),
        ('x{v=~"$model_version"}', 'x{v=~".*"}'),
        ('x{v=~"${segment:regex}"}', 'x{v=~".*"}'),
        ('x{v=~"$service_name"}', 'x{v=~"shop"}'),
    ],
)
def test_variables_are_filled_as_grafana_would(panel: str, sent: str) -> None:
    assert fill_variables(panel, {"service_name": "shop"}) == sent
    assert fill_variables('label_replace(x, "a", "$1", "b", "(.+)")', {}).count("$1") == 1


def test_finds_the_queries_of_every_panel(tmp_path: Path) -> None:
    panels = [{"title": "P", "targets": [{"expr": "a$one"}, {"expr": "b$many"}]}, {"title": "Text"}]
    one = {"name": "one", "multi": False, "current": {"value": "1"}}
    many = {"name": "many", "multi": True, "current": {"value": ["$__all"]}}
    content = {"title": "D", "panels": panels, "templating": {"list": [one, many]}}
    (tmp_path / "d.json").write_text(json.dumps(content))
    assert [query.promql for query in find_panel_queries(tmp_path)] == ["a1", "b.*"]


def test_every_dashboard_is_read_as_it_opens() -> None:
    queries = list(find_panel_queries(ROOT / "grafana" / "generated"))
    dashboards = {query.used_by.split(" / ")[0].removeprefix("panel ") for query in queries}
    assert {"Model", "Models", "Service"} <= dashboards
    assert not [query for query in queries if re.search(r"\$[a-z_{]", query.promql)]
