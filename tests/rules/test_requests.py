"""Requests are counted right, whatever signal a service sends, how often, and with which buckets."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config import Config
from prometheus import indicators as sli
from prometheus.recording import render_recording
from tests.rules.promtool import histogram, run_promtool
from tests.rules.scenarios.scenario import Series

GROUPS = [group for group in render_recording(Config())["groups"] if group["name"] == "signals"]
HTTP = (
    'http_server_request_duration_seconds{service_name="shop", instance="%s", http_response_status_code="%d"}'
)
SPANS = 'traces_requests_duration_seconds{service_name="shop", span_kind="SPAN_KIND_%s", status_code="%s"}'
SHOP = 'service_name="shop"'
WELL, FAILED = "STATUS_CODE_UNSET", "STATUS_CODE_ERROR"
SECONDS = 900
AT = 860


def ask(folder: Path, series: Series, expected: Mapping[str, float | None]) -> None:
    """Checks the one sample of each query at the end, to 1 in 50; None is no sample."""
    asked = []
    for query, value in expected.items():
        samples: list[dict[str, Any]] = [] if value is None else [{"labels": "{}", "value": 1}]
        close = f"abs(sum({query}) - {value or 0}) <= bool {0.02 * abs(value or 0) + 1e-9:g}"
        asked.append({"expr": close, "eval_time": f"{AT}s", "exp_samples": samples})
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    test = {"interval": "10s", "input_series": inputs, "promql_expr_test": asked}
    run_promtool(folder, [test], GROUPS, 10)


def explicit(below: int, above: int) -> str:
    """So many observations of each 10 seconds in the buckets up to .25 and up to .5 seconds."""
    bounds, count = "schema:-53 custom_values:[0.25 0.5]", below + above
    none = f"{{{{{bounds} sum:0 count:0 buckets:[0 0 0]}}}}"
    return f"{none}+{{{{{bounds} sum:1 count:{count} buckets:[{below} {above} 0]}}}}x{SECONDS // 10}"


def seldom(per_second: int) -> str:
    """A histogram of requests of 20 ms, sent once a minute."""
    samples = [
        f"{{{{schema:3 sum:{n} count:{n} offset:-45 buckets:[{n}]}}}} _x5" for n in _totals(per_second)
    ]
    return " ".join(samples)


def _totals(per_second: int) -> list[int]:
    return [60 * minute * per_second for minute in range(SECONDS // 60)]


def test_instances_with_different_buckets_are_added_up(tmp_path: Path) -> None:
    """10 a second from each of two; of the one with explicit buckets every fifth takes over .25 s."""
    series = {
        HTTP % ("a", 200): histogram((SECONDS, {0.02: 100})),
        HTTP % ("b", 200): explicit(below=80, above=20),
    }
    mixed: dict[str, float | None] = {
        sli.requests(SHOP, window="1m"): 20,
        sli.requests_slow_share(0.25, SHOP, window="1m"): 0.1,
        sli.request_latency(0.9, SHOP, by=["service_name"], window="1m"): None,
    }
    ask(tmp_path, series, mixed)


def test_explicit_buckets_alone_have_quantiles(tmp_path: Path) -> None:
    """Nine in ten are within the bucket from .25 to .5, half-way."""
    series = {HTTP % ("a", 200): explicit(below=80, above=20), HTTP % ("b", 200): explicit(80, 20)}
    ask(tmp_path, series, {sli.request_latency(0.9, SHOP, window="1m"): 0.375})


def test_a_service_with_spans_only_is_read_by_those_of_kind_server(tmp_path: Path) -> None:
    series = {
        SPANS % ("SERVER", WELL): histogram((SECONDS, {0.02: 90})),
        SPANS % ("SERVER", FAILED): histogram((SECONDS, {0.02: 10})),
        SPANS % ("CLIENT", WELL): histogram((SECONDS, {0.02: 500})),
    }
    by = ["service_name"]
    shown: dict[str, float | None] = {
        sli.requests(SHOP, window="20s"): 10,
        sli.requests_failed_share(SHOP, by=by, window="1m"): 0.1,
        sli.request_latency(0.5, SHOP, window="1m"): 0.0193,
    }
    ask(tmp_path, series, shown)


def test_a_service_with_metrics_once_a_minute_is_read_over_three(tmp_path: Path) -> None:
    series = {HTTP % ("a", 200): seldom(9), HTTP % ("a", 500): seldom(1)}
    shown: dict[str, float | None] = {
        sli.requests(SHOP, window="20s"): 10,
        sli.requests_failed_share(SHOP, by=["service_name"], window="1m"): 0.1,
    }
    ask(tmp_path, series, shown)


def test_of_metrics_once_a_minute_and_spans_the_spans_are_read(tmp_path: Path) -> None:
    """Twice as many of them, to see which."""
    series = {HTTP % ("a", 200): seldom(10), SPANS % ("SERVER", WELL): histogram((SECONDS, {0.02: 200}))}
    ask(tmp_path, series, {sli.requests(SHOP, window="1m"): 20})


def test_a_service_that_samples_its_traces_is_read_by_its_metrics(tmp_path: Path) -> None:
    series = {HTTP % ("a", 200): seldom(10), SPANS % ("SERVER", WELL): histogram((SECONDS, {0.02: 10}))}
    ask(tmp_path, series, {sli.requests(SHOP, window="1m"): 10})


def test_frequent_metrics_come_first(tmp_path: Path) -> None:
    metrics, spans = histogram((SECONDS, {0.02: 100})), histogram((SECONDS, {0.02: 150}))
    series = {HTTP % ("a", 200): metrics, SPANS % ("SERVER", WELL): spans}
    ask(tmp_path, series, {sli.requests(SHOP, window="1m"): 10})


def test_nothing_is_read_of_a_service_that_is_gone(tmp_path: Path) -> None:
    """The collector goes on counting its spans: none."""
    spans = histogram((300, {0.02: 100}), (SECONDS - 300, {}))
    series = {HTTP % ("a", 200): histogram((300, {0.02: 100})), SPANS % ("SERVER", WELL): spans}
    ask(tmp_path, series, {sli.requests(SHOP, window="1m"): None})
