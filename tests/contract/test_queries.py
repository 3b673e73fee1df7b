"""Every query of every panel, annotation, variable and rule names series that exist, and returns data."""

import json
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from alerts.build import FOLDER as ALERTS_FOLDER
from alerts.rules import all_alerts
from config import Config
from grafana.build import FOLDER as DASHBOARDS_FOLDER
from grafana.provisioned import check_provisioning
from prometheus.names import REGISTRY
from prometheus.series import Form, Series, external
from tests.rules.promtool import counter, histogram, run_promtool

ALERTS = all_alerts(Config())

RUNBOOKS = sorted((ALERTS_FOLDER.parent / "runbooks").glob("*.md"))
MINUTES = 70

_NOT_NAMES = re.compile(
    r'\{(?:"(?:[^"\\]|\\.)*"|[^"}])*\}|"(?:[^"\\]|\\.)*"|\[[^\]]*\]|\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)'
)
_WORDS = {
    "and",
    "or",
    "unless",
    "bool",
    "offset",
    "sum",
    "group",
    "count",
    "avg",
    "min",
    "max",
    "vector",
    "Inf",
}


def series_named(query: str) -> set[str]:
    """Names of the series a query reads: words that are no function, no keyword, no label and no number."""
    bare = _NOT_NAMES.sub(" ", query)
    words = re.findall(r"(?<![\w.])[a-zA-Z_:][\w:]*(?!\w)(?!\s*\()", bare)
    return {word for word in words if word not in _WORDS and not re.fullmatch(r"\d+[smhd]|[smhd]", word)}


def shown() -> Iterator[tuple[str, str]]:
    """(where, query) of every panel and annotation."""
    for file in sorted(DASHBOARDS_FOLDER.glob("*.json")):
        content: dict[str, Any] = json.loads(file.read_text())
        for panel in content["panels"]:
            for target in panel.get("targets", []):
                yield f"{file.stem}/{panel['title']}/{target['refId']}", target["expr"]
        for mark in content["annotations"]["list"]:
            if "expr" in mark:
                yield f"{file.stem}/annotation {mark['name']}", mark["expr"]


SHOWN = dict(shown())
QUERIES = SHOWN | {f"alert {alert.slug}": alert.query for alert in ALERTS}


def filled(query: str) -> str:
    """The query as Grafana sends it when all values are chosen."""
    return re.sub(r"\$[a-z_]\w*", ".*", query.replace("$__rate_interval", "1m"))


def test_the_parser_sees_series_and_nothing_else() -> None:
    query = 'a_total{b="c", d=~"e f"} / on (g) group_left () sum by (h) (rate(i_bucket[5m])) > bool 0.5'
    assert series_named(f"{query} unless j offset 1m") == {"a_total", "i_bucket", "j"}


def test_every_series_exists() -> None:
    for where, query in QUERIES.items():
        assert series_named(query) or query == "vector(1)", f"{where}: no series in {query}"
        assert series_named(query) <= set(REGISTRY), where


def test_every_series_of_a_runbooks_queries_exists() -> None:
    for runbook in RUNBOOKS:
        blocks = re.findall(r"```promql\n(.*?)```", runbook.read_text(), re.DOTALL)
        assert blocks, runbook.stem
        for line in "".join(blocks).splitlines():
            assert series_named(line) <= set(REGISTRY), f"{runbook.stem}: {line}"


def test_every_series_of_the_provisioned_queries_exists() -> None:
    (jaeger,) = (source for source in check_provisioning().datasources if source.type == "jaeger")
    assert jaeger.jsonData.tracesToMetrics.queries
    for query in jaeger.jsonData.tracesToMetrics.queries:
        assert series_named(query.query) <= set(REGISTRY)


def test_every_series_of_a_variable_exists() -> None:
    for file in DASHBOARDS_FOLDER.glob("*.json"):
        for variable in json.loads(file.read_text())["templating"]["list"]:
            either = re.sub(r'\{__name__=~"([\w|]+)"(?:, )?', r"\1{", variable["definition"])
            found = re.fullmatch(r"label_values\(([\w:|]+)(?:\{(?:(\w+).*)?\})?, (\w+)\)", either)
            assert found, variable["definition"]
            names, chosen_by, label = found.groups()
            for name in names.split("|"):
                assert {label, chosen_by or label} <= REGISTRY[name].labels


ANSWER = 'service_name="recommender", model_version="als32-1", segment="heavy", source='
HITS = f'recommendation_hits_total{{{ANSWER}"personalised"}}'
STAGES = ("load_features", "score", "rank", "total")


LAG = 'event_loop_lag_seconds{service_name="recommender"}'

ABSENT_AT_PEACE = {
    external.COLLECTOR_SPANS_FAILED,
    external.COLLECTOR_SPANS_NOT_QUEUED,
    external.COLLECTOR_POINTS_FAILED,
    external.COLLECTOR_POINTS_NOT_QUEUED,
    external.MINIO_CLIENT_ERRORS,
    external.MINIO_SERVER_ERRORS,
}
"""Counters that exist only once something went wrong."""

LABELS = {
    "service_name": ["recommender", "incidents"],
    "signal": ["spans"],
    "kind": ["service", "database"],
    "span_kind": ["SPAN_KIND_SERVER", "SPAN_KIND_CLIENT"],
    "gen_ai_token_type": ["input", "output"],
    "state": ["idle", "used", "user"],
    "system_filesystem_state": ["used", "free"],
    "le": ["0.050", "+Inf"],
    "api": ["getobject"],
    "handler": ["/api/v1/otlp/v1/metrics"],
    "code": ["200"],
    "http_response_status_code": ["200"],
    "http_route": ["/x"],
    "outcome": ["ok"],
    "device": ["eth0"],
    "alertstate": ["firing"],
    "error_type": [""],
    "span_name": ["GET /x"],
    "status_code": ["STATUS_CODE_UNSET"],
    "model_version": ["als32-1"],
    "source": ["personalised"],
    "direction": ["up"],
    "segment": ["all", "heavy"],
    "window": ["1m", "3m", "10m", "1h"],
    "past": ["1h", "24h"],
    "level": ["moderate", "large"],
    "bin": ["01", "missing"],
    "sign": ["positive", "negative"],
    "came_true": ["yes", "no"],
    "measure": [
        *("ndcg", "thumbs_down", "requests", "unknown_users", "coverage", "popularity"),
        *("mae", "predictions", "label_coverage", "label_delay", "segment_share", "psi"),
        *("latency", "cost", "feature_age"),
    ],
    "feature": ["factor_norm", "segment_mix", "top_score", "@prediction", "@inputs"],
    "quantity": ["precision", "ndcg", "reciprocal_rank", "judged"],
}


def peaceful(series: Series) -> dict[str, str]:
    """An hour of a series of a healthy stack, with every label that it can carry."""
    names = sorted(series.labels)
    values = {
        Form.COUNTER: counter((MINUTES * 60, 200)),
        Form.CLASSIC_HISTOGRAM: counter((MINUTES * 60, 200)),
        Form.GAUGE: f"1+0x{MINUTES * 6}",
        Form.NATIVE_HISTOGRAM: histogram((MINUTES * 60, {0.02: 200})),
    }
    choices = product(*([f'{name}="{value}"' for value in LABELS.get(name, ["some"])] for name in names))
    return {f"{series.name}{{{', '.join(chosen)}}}": values[series.form] for chosen in choices}


def samples() -> dict[str, str]:
    """An hour of a healthy stack: every series that the panels read, with the labels that services set."""
    seconds = MINUTES * 60
    latency, up = histogram((seconds, {0.02: 200})), counter((seconds, 200))
    storage = 'service_name="recommender", operation="GetObject"'
    answering = 'service_name="recommender", model_version="als32-1"'
    stack = {
        f'storage_operation_duration_seconds{{{storage}, outcome="ok"}}': latency,
        **{f'recommendation_duration_seconds{{{answering}, stage="{stage}"}}': latency for stage in STAGES},
        'recommendation_model_info{model_version="als32-1", dataset_id="d", trained_at="t"}': (
            f"_x{seconds // 10 - 3} 1x10"
        ),
    }
    for segment, window in product(("all", "heavy"), ("1m", "3m")):
        of = f'service_name="recommender", segment="{segment}", window="{window}"'
        stack[f"recommendation:slice:labelled{{{of}}}"] = f"400+0x{MINUTES * 6}"
    for source, reason in (("personalised", "ok"), ("popular", "unknown_user")):
        stack[f'recommendation_requests_total{{{ANSWER}"{source}", reason="{reason}"}}'] = up
        for name in ("impressions", "clicks", "labelled", "hits"):
            stack[f'recommendation_{name}_total{{{ANSWER}"{source}"}}'] = up
    told = {name.split("{")[0] for name in stack}
    read = set().union(*map(series_named, SHOWN.values())) - told
    for name in sorted(read - {series.name for series in ABSENT_AT_PEACE}):
        stack |= peaceful(REGISTRY[name])
    return stack


def test_no_panel_is_without_data_at_peace(tmp_path: Path) -> None:
    at, one = f"{MINUTES}m", [{"labels": "{}", "value": 1}]
    expected = [
        {"expr": f"count({filled(query)}) > bool 0", "eval_time": at, "exp_samples": one}
        for query in SHOWN.values()
    ]
    test = {
        "interval": "10s",
        "input_series": series_of(samples()),
        "promql_expr_test": expected,
    }
    run_promtool(tmp_path, [test], [])


QUIET = histogram((MINUTES * 60, {0.002: 40}))
SLOW = "Storage Slower Than Deadline"
FAILED = 'recommendation_requests_total{service_name="recommender", reason="storage_error", source="stale"}'


def firing(alert: str) -> dict[str, str]:
    name = f'ALERTS{{alertstate="firing", severity="critical", alertname="{alert}"}}'
    return {name: f"1+0x{MINUTES * 6}"}


def incident(severity: str, alert: str, number: int) -> dict[str, str]:
    verdict = 'domain="infrastructure", cause="storage-latency"'
    return {
        f'incident_open{{severity="{severity}", alert="{alert}", {verdict}}}': f"{number}+0x{MINUTES * 6}"
    }


@pytest.mark.parametrize(
    ("change", "look", "path", "level"),
    [
        ({}, "All well", ".", 0),
        ({FAILED: counter((4200, 40))}, "Storage", ".", 1),
        ({HITS: counter((3600, 200), (600, 100))}, "The model", ".", 1),
        ({LAG: histogram((4200, {0.2: 40}))}, "Overload", ".", 1),
        (firing(SLOW), SLOW, ".", 2),
        (incident("warning", SLOW, 7), f"{SLOW}: storage-latency", "incidents/7", 1),
        (firing(SLOW) | incident("warning", "Late", 7), SLOW, ".", 2),
        (
            incident("critical", SLOW, 7) | incident("warning", "Newer", 8),
            f"{SLOW}: storage-latency",
            "incidents/7",
            2,
        ),
        (incident("critical", SLOW, 0), "All well", ".", 0),
    ],
    ids=[
        "all well",
        "storage",
        "model",
        "overload",
        "alert",
        "incident",
        "worse alert",
        "worse incident",
        "over",
    ],
)
def test_where_to_look_names_the_worst_there_is(
    tmp_path: Path, change: dict[str, str], look: str, path: str, level: int
) -> None:
    stack = {name: values for name, values in samples().items() if not name.startswith("incident_open")}
    query = filled(QUERIES["recommendation-quality-and-storage/Where to look/A"])
    expr = f"sum by (look, path) ({query})"
    wanted = [{"labels": f'{{look="{look}", path="{path}"}}', "value": level}]
    test = {
        "interval": "10s",
        "input_series": series_of(stack | {LAG: QUIET} | change),
        "promql_expr_test": [{"expr": expr, "eval_time": f"{MINUTES}m", "exp_samples": wanted}],
    }
    run_promtool(tmp_path, [test], [])


@pytest.mark.parametrize("silent", ["recommendation_requests", 'service_name="incidents"'])
def test_nothing_is_well_without_traffic_or_incidents(tmp_path: Path, silent: str) -> None:
    stack = {name: values for name, values in samples().items() if silent not in name}
    query = filled(QUERIES["overview/Where to look/A"])
    expr = f"{query} or vector(-1)"
    test = {
        "interval": "10s",
        "input_series": series_of({n: v for n, v in stack.items() if not n.startswith("incident_open")}),
        "promql_expr_test": [
            {"expr": expr, "eval_time": f"{MINUTES}m", "exp_samples": [{"labels": "{}", "value": -1}]}
        ],
    }
    run_promtool(tmp_path, [test], [])


def series_of(stack: dict[str, str]) -> list[dict[str, str]]:
    return [{"series": name, "values": values} for name, values in stack.items()]
