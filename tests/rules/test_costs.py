"""What an answer costs: recorded as computed by hand from counters, at the prices of whence.yaml."""

from pathlib import Path
from typing import Any

from config import Config
from prometheus.recording import render_recording
from tests.rules.promtool import STEP, counter, histogram, run_promtool

LIVE, OTHER = "als32-1", "als16-1"
SECONDS = 900
COST = "recommendation:version:cost_per_answer"
Series = dict[str, str]


def ask(folder: Path, series: Series, expected: dict[str, float | None], **config: Any) -> None:
    """Checks each query's sample after a quarter of an hour, to 1 in 50; None is no sample."""
    groups = render_recording(Config.model_validate(config))["groups"]
    rules = [group for group in groups if group["name"] == "costs"]
    tests = []
    for query, value in expected.items():
        samples: list[dict[str, Any]] = [] if value is None else [{"labels": "{}", "value": 1}]
        close = f"abs(sum({query}) - {value or 0:.12g}) <= bool {0.02 * abs(value or 0) + 1e-15:.12g}"
        tests.append({"expr": close, "eval_time": f"{SECONDS}s", "exp_samples": samples})
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    run_promtool(
        folder, [{"interval": f"{STEP}s", "input_series": inputs, "promql_expr_test": tests}], rules, 30
    )


def answers(version: str, per_step: int, reason: str = "ok") -> Series:
    labels = f'service_name="recommender", model_version="{version}", reason="{reason}"'
    return {f"recommendation_requests_total{{{labels}}}": counter((SECONDS, per_step))}


def scored(version: str, answered: int, seconds: float) -> Series:
    labels = f'service_name="recommender", model_version="{version}", stage="score"'
    return {f"recommendation_duration_seconds{{{labels}}}": histogram((SECONDS, {seconds: answered}))}


def used(name: str, per_step: float, **labels: str) -> Series:
    named = ", ".join(f'{key}="{value}"' for key, value in labels.items())
    return {
        f'{name}{{service_name="recommender"{", " if named else ""}{named}}}': counter((SECONDS, per_step))
    }


PROCESS = used("process_cpu_time_seconds_total", 1.6, type="user")
READING = {
    'storage_operation_duration_seconds{service_name="recommender", outcome="ok"}': histogram(
        (SECONDS, {0.01: 180})
    ),
    **used("storage_transfer_size_bytes_total", 180 * 2_000.0, operation="GetObject"),
}


def test_r14_scoring_is_a_versions_own_cost_and_the_rest_is_shared(tmp_path: Path) -> None:
    """Of 1.6 s of CPU in 10 s, 150 · 2 ms + 50 · 1 ms are the versions' own and .25 s the shadow's."""
    series = answers(LIVE, 150) | answers(OTHER, 50) | scored(LIVE, 150, 0.002) | scored(OTHER, 50, 0.001)
    series |= PROCESS | used("shadow_cpu_time_seconds_total", 0.25, shadow_model_version="als8-1")
    shared = (1.6 - 0.3 - 0.05 - 0.25) / 200
    expected: dict[str, float | None] = {
        f'{COST}{{part="processor", model_version="{LIVE}"}}': (0.002 + shared) * 3.6 / 3600,
        f'{COST}{{part="processor", model_version="{OTHER}"}}': (0.001 + shared) * 3.6 / 3600,
    }
    ask(tmp_path, series, expected, prices={"cpu_hour": 3.6})


def test_r14_reads_and_bytes_are_paid_by_who_reads(tmp_path: Path) -> None:
    """The other version answers a fifth of its requests without storage."""
    series = answers(LIVE, 150) | answers(OTHER, 40) | answers(OTHER, 10, "unknown_user") | READING
    ask(
        tmp_path,
        series,
        {
            f'{COST}{{part="reads", model_version="{LIVE}"}}': 0.4e-6,
            f'{COST}{{part="reads", model_version="{OTHER}"}}': 0.8 * 0.4e-6,
            f'{COST}{{part="transfer", model_version="{LIVE}"}}': 2_000 * 0.01e-9,
            f'{COST}{{part="transfer", model_version="{OTHER}"}}': 0.8 * 2_000 * 0.01e-9,
            f'{COST}{{part="tokens"}}': None,
        },
    )


def test_r14_tokens_of_a_priced_model_are_shared_by_all_answers(tmp_path: Path) -> None:
    labels = 'service_name="recommender", gen_ai_request_model="small", gen_ai_token_type'
    series = answers(LIVE, 150) | answers(OTHER, 50)
    series |= {
        f'gen_ai_client_token_usage{{{labels}="input"}}': histogram((SECONDS, {64.0: 100})),
        f'gen_ai_client_token_usage{{{labels}="output"}}': histogram((SECONDS, {16.0: 100})),
    }
    each = (6_400 * 0.15 + 1_600 * 0.6) / 1e6 / 200
    expected: dict[str, float | None] = {f'{COST}{{part="tokens", model_version="{OTHER}"}}': each}
    prices = {"small": {"input": 0.15, "output": 0.6}, "other": {"input": 1, "output": 1}}
    ask(tmp_path, series, expected, llm={"prices": prices})


def test_nothing_costs_nothing(tmp_path: Path) -> None:
    ask(tmp_path, answers(LIVE, 0) | PROCESS | READING, {COST: None})
