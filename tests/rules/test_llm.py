"""The panels of the dashboard LLM, on made-up series of calls."""

from pathlib import Path
from typing import Any

from config import Config
from grafana.dashboards.llm import build
from tests.rules.promtool import histogram, run_promtool

SECONDS = 900
CALL = 'service_name="assistant", gen_ai_provider_name="openai", gen_ai_request_model="gpt-4o"'
SPANS = f'traces_requests_duration_seconds{{{CALL}, span_kind="SPAN_KIND_CLIENT", status_code='
FAILED = f'{SPANS}"STATUS_CODE_ERROR", error_type='
SERIES = {
    f'{SPANS}"STATUS_CODE_UNSET"}}': histogram((SECONDS, {0.5: 70})),
    f'{FAILED}"RateLimitError"}}': histogram((SECONDS, {0.05: 20})),
    f'{FAILED}"AuthenticationError"}}': histogram((SECONDS, {0.05: 10})),
    f'gen_ai_client_token_usage{{{CALL}, gen_ai_token_type="input"}}': histogram((SECONDS, {1000.0: 20})),
    f'gen_ai_client_token_usage{{{CALL}, gen_ai_token_type="output"}}': histogram((SECONDS, {100.0: 20})),
    f"gen_ai_client_operation_duration_seconds{{{CALL}}}": histogram((SECONDS, {0.5: 100})),
    'gen_ai_client_operation_duration_seconds{service_name="batch", gen_ai_provider_name="x_ai", '
    'gen_ai_request_model="grok"}': histogram((SECONDS, {0.5: 10})),
}
PRICES = Config.model_validate({"llm": {"prices": {"gpt-4o": {"input": 2, "output": 10}}}})


def query(panel: str, config: Config = PRICES) -> str:
    """A panel's first query, with all values chosen."""
    (found,) = [each for each in build(config)["panels"] if each["title"] == panel]
    expr: str = found["targets"][0]["expr"]
    for variable in ("service_name", "gen_ai_request_model"):
        expr = expr.replace(f"${variable}", ".*")
    return expr.replace("$__rate_interval", "1m")


def check(folder: Path, panel: str, samples: dict[str, float]) -> None:
    wanted = [{"labels": labels, "value": value} for labels, value in samples.items()]
    asked: dict[str, Any] = {
        "interval": "10s",
        "input_series": [{"series": name, "values": values} for name, values in SERIES.items()],
        "promql_expr_test": [
            {"expr": f"round({query(panel)}, 0.001)", "eval_time": "14m", "exp_samples": wanted}
        ],
    }
    run_promtool(folder, [asked], [])


def test_calls_are_counted_once_from_spans_or_else_from_metrics(tmp_path: Path) -> None:
    models = {"openai": "gpt-4o", "x_ai": "grok"}
    labels = [
        f'{{gen_ai_provider_name="{who}", gen_ai_request_model="{name}"}}' for who, name in models.items()
    ]
    check(tmp_path, "Calls by model", dict(zip(labels, (10, 1), strict=True)))


def test_what_a_provider_refused_as_too_much_is_told_from_other_errors(tmp_path: Path) -> None:
    check(tmp_path, "Rate limited", {"{}": 0.182})
    check(tmp_path, "Error rate", {"{}": 0.273})
    types = {"RateLimitError": 2, "AuthenticationError": 1}
    by_type: dict[str, float] = {f'{{error_type="{name}"}}': rate for name, rate in types.items()}
    check(tmp_path, "Errors by type", {**by_type, "{}": 0})


def test_tokens_are_those_of_a_call(tmp_path: Path) -> None:
    labels = '{gen_ai_provider_name="openai", gen_ai_request_model="gpt-4o"}'
    check(tmp_path, "Tokens per call", {labels: 1000})
    by_type: dict[str, float] = {'{gen_ai_token_type="input"}': 2000, '{gen_ai_token_type="output"}': 200}
    check(tmp_path, "Tokens per second", by_type)


def test_cost_is_what_an_hour_of_these_tokens_costs(tmp_path: Path) -> None:
    """2,000 tokens a second of 2 a million, and 200 of 10."""
    check(tmp_path, "Cost per hour", {'{gen_ai_request_model="gpt-4o"}': 3600 * (0.004 + 0.002)})


def test_without_prices_the_panel_says_how_to_set_them() -> None:
    (panel,) = [each for each in build(Config())["panels"] if each["title"] == "Cost"]
    assert panel["type"] == "text"
    assert "llm:" in panel["options"]["content"]
