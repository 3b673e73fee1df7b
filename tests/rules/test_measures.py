"""What is usual, what is chance, which version is worse, what drifts: as a statistician would compute it."""

from collections.abc import Mapping
from itertools import product
from math import pi, sqrt
from pathlib import Path
from typing import Any

import numpy as np
from whence_monitor.formulas.drift import population_stability

from config import Config
from prometheus.recommender import measures
from prometheus.recording import render_recording
from tests.rules.promtool import counter, gauge, run_promtool
from tests.rules.scenarios.quality import COUNTS, SEEN, hitting
from tests.rules.scenarios.scenario import Series

GROUPS = [g for g in render_recording(Config())["groups"] if g["interval"] == f"{measures.STEP}s"]
HOUR = 3600


def ask(folder: Path, series: Series, at: int, expected: Mapping[str, float | None]) -> None:
    """Checks the one sample of each query at a second, to 1 in 50; None is no sample."""
    asked = []
    for query, value in expected.items():
        samples: list[dict[str, Any]] = [] if value is None else [{"labels": "{}", "value": 1}]
        close = f"abs(max({query}) - {value or 0}) <= bool {0.02 * abs(value or 0) + 1e-9:g}"
        asked.append({"expr": close, "eval_time": f"{at}s", "exp_samples": samples})
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    test = {"interval": "10s", "input_series": inputs, "promql_expr_test": asked}
    run_promtool(folder, [test], GROUPS, measures.STEP)


def hits(*phases: tuple[int, float]) -> Series:
    """200 requests in 10 seconds, and the shares of them that hit for so many seconds."""
    of = SEEN % ("als16-1", "heavy", "personalised")
    seconds = sum(length for length, _ in phases)
    counted = counter(*((length, 200 * share) for length, share in phases))
    return {COUNTS % ("hits", of): counted, COUNTS % ("labelled", of): counter((seconds, 200))}


def test_twenty_bad_minutes_do_not_change_what_is_usual(tmp_path: Path) -> None:
    series = hits((2400, 0.6), (1200, 0.2), (60, 0.6))
    of = '{segment="all", window="1m"}'
    expected = {f"recommendation:slice:usual{of}": 0.6, f"recommendation:slice:kept{of}": 0.2 / 0.6}
    ask(tmp_path, series, HOUR, expected)


def test_what_stays_becomes_usual(tmp_path: Path) -> None:
    series = hits((1200, 0.6), (2460, 0.2))
    ask(tmp_path, series, HOUR, {'recommendation:slice:usual{segment="all", window="1m"}': 0.2})


def test_a_fall_is_told_in_standard_errors(tmp_path: Path) -> None:
    """1,200 requests a minute against the median of an hour of them, its last minute included."""
    series = hits((HOUR - 60, 0.6), (120, 0.5))
    error = sqrt(0.6 * 0.4 * (1 / 1200 + pi / 2 / (60 * 1200)))
    ask(tmp_path, series, HOUR, {'recommendation:slice:deviation{segment="all", window="1m"}': 0.1 / error})


def test_nothing_is_said_of_few_requests(tmp_path: Path) -> None:
    series = hitting(0.6, 0, labelled=10)
    unsaid: dict[str, float | None] = {
        'recommendation:slice:deviation{window="1m"}': None,
        "recommendation:segment:kept": None,
        "recommendation:version:deviation": None,
    }
    ask(tmp_path, series, 1100, unsaid)


def test_versions_are_compared_by_the_two_proportion_test(tmp_path: Path) -> None:
    """720 requests that hit .5 and 1,680 that hit .6 in the two minutes: z = 4.52."""
    old = hitting(0.6, 0.6, labelled=140, version="als16-1")
    series = {**old, **hitting(0.5, 0.5, labelled=60, version="als16-2")}
    pooled = (0.6 * 1680 + 0.5 * 720) / 2400
    error = sqrt(pooled * (1 - pooled) * (1 / 720 + 1 / 1680))
    expected = {
        'recommendation:version:deviation{model_version="als16-2"}': 0.1 / error,
        'recommendation:version:deviation{model_version="als16-1"}': -0.1 / error,
        'recommendation:version:kept{model_version="als16-2"}': 0.5 / 0.6,
    }
    ask(tmp_path, series, 600, expected)


def test_a_version_alone_is_not_compared(tmp_path: Path) -> None:
    ask(tmp_path, hitting(0.6, 0.6), 600, {"recommendation:version:kept": None})


def test_drift_is_of_all_workers_together(tmp_path: Path) -> None:
    """Each alone has 120 values in two minutes, too few to judge."""
    of = (
        'service_name="recommender", model_name="recommendations", model_version="als16-1", reference="r", '
        'feature="seen_count", bin="%s", instance="%s"'
    )
    now, trained = {"01": 180, "02": 60}, {"01": 10_000, "02": 10_000}
    series = {}
    for worker, name in product("12", now):
        labels = of % (name, worker)
        series[f"model_feature_values_total{{{labels}}}"] = counter((600, now[name] / 2 / 12))
        series[f"model_reference_values{{{labels}}}"] = gauge((600, trained[name]))
    stability = population_stability(*(np.array([*counts.values()]) for counts in (trained, now)))
    ask(tmp_path, series, 600, {'recommendation:feature:drift{segment="all"}': stability})
    alone = {name: values for name, values in series.items() if 'instance="1"' in name}
    ask(tmp_path, alone, 600, {'recommendation:feature:drift{segment="all"}': None})
