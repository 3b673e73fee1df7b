"""What a part is short of is seen in those too that do not count their garbage collections."""

from pathlib import Path

import pytest

from alerts import to_prometheus
from alerts.panels import place
from alerts.rules.pipeline import part_starved
from config import Config
from tests.rules.promtool import counter, run_promtool
from tests.rules.scenarios.pipeline import COLLECTIONS, CORES, collecting
from tests.rules.scenarios.scenario import Series

RULES = to_prometheus.render(place([part_starved(Config())], Config()))["groups"]


@pytest.mark.parametrize(
    ("series", "job", "short_of"),
    [
        (collecting("jaeger", 118, 128, allocated=40), "jaeger", "memory"),
        (collecting("collector", 118, 128, allocated=40), "collector", "memory"),
        ({COLLECTIONS % "toxiproxy": counter((900, 30))}, "toxiproxy", "memory"),
        ({CORES % ("", "collector"): counter((900, 10))}, "collector", "CPU"),
        ({CORES % ("_total", "jaeger"): counter((900, 10))}, "jaeger", "CPU"),
    ],
)
def test_a_part_without_room_is_starved(series: Series, job: str, short_of: str, tmp_path: Path) -> None:
    firing = f'count(ALERTS{{alertstate="firing", job="{job}", short_of="{short_of}"}})'
    test = {
        "interval": "10s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {"expr": firing, "eval_time": "10m", "exp_samples": [{"labels": "{}", "value": 1}]}
        ],
    }
    run_promtool(tmp_path, [test], RULES)
