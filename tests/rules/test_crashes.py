"""A service that crashes again and again: its series as they really are, with their resets and gaps."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rules.promtool import run_promtool
from tests.rules.scenarios.scenario import Series
from tests.rules.test_alert_rules import PLACED, checked, rules

ALERT = "process-keeps-restarting"
EXPORTED = 5
"""Seconds between samples."""
CALM = 600
AWAY = 5
"""Seconds until a process that was killed is back."""


def uptimes(every: int, lasting: int = 300) -> Iterator[str]:
    """Of a process that is killed every so many seconds after CALM, and is heard of from its first export."""
    for second in range(0, CALM, EXPORTED):
        yield str(second + 100)
    for second in range(0, lasting, EXPORTED):
        alive = second % every - AWAY
        yield str(alive) if alive >= EXPORTED else "_"


def crashing(every: int) -> Series:
    labels = 'service_name="recommender", service_instance_id="recommender@host"'
    return {f"process_uptime_seconds{{{labels}}}": " ".join(uptimes(every))}


@pytest.mark.parametrize("every", [20, 30, 45])
def test_it_is_told_within_two_minutes(every: int, tmp_path: Path) -> None:
    placed, series = PLACED[ALERT], crashing(every)
    test = checked(placed, series, {CALM + second: [] for second in range(0, every, 10)})
    test["interval"] = f"{EXPORTED}s"
    firing = f'count(ALERTS{{alertname="{placed.alert.title}", alertstate="firing"}})'
    one = [{"labels": "{}", "value": 1}]
    test["promql_expr_test"] = [{"expr": firing, "eval_time": f"{CALM + 120}s", "exp_samples": one}]
    run_promtool(tmp_path, [test], rules(placed, series), placed.alert.evaluation.interval)
