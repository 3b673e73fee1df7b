from dataclasses import replace

from alerts import to_prometheus
from alerts.panels import place
from alerts.rules.storage import HIGH_STORAGE_LATENCY


def test_a_paused_alert_is_left_out() -> None:
    paused = replace(HIGH_STORAGE_LATENCY, is_paused=True)
    assert to_prometheus.render(place([paused])) == {"groups": []}
