"""The short windows of slow alerts do not miss trouble that lasts but shows once a minute only."""

from collections.abc import Callable
from pathlib import Path

import pytest

from alerts import to_prometheus
from alerts.panels import place
from alerts.rules.senders import services_lose
from alerts.rules.watching import rules_fail
from alerts.spec import Alert
from config import Config
from tests.rules.promtool import run_promtool
from tests.rules.scenarios.pipeline import SDK
from tests.rules.scenarios.watchers import RULES


@pytest.mark.parametrize(
    ("make", "series", "values"),
    [
        (
            services_lose,
            SDK % ("processor_span_processed", "queue_full"),
            " ".join(f"{100 * minute} _x5" for minute in range(15)),  # the SDK's default interval
        ),
        (
            rules_fail,
            RULES % "evaluation_failures",
            " ".join(f"{minute}+0x5" for minute in range(15)),  # a group that is evaluated each minute
        ),
    ],
)
def test_what_happens_once_a_minute_is_told(
    make: Callable[[Config], Alert], series: str, values: str, tmp_path: Path
) -> None:
    alert = make(Config())
    firing = f'count(ALERTS{{alertname="{alert.title}", alertstate="firing"}})'
    test = {
        "interval": "10s",
        "input_series": [{"series": series, "values": values}],
        "promql_expr_test": [
            {"expr": firing, "eval_time": f"{minute}m", "exp_samples": [{"labels": "{}", "value": 1}]}
            for minute in range(8, 14)
        ],
    }
    rules = to_prometheus.render(place([alert], Config()))["groups"]
    run_promtool(tmp_path, [test], rules)
