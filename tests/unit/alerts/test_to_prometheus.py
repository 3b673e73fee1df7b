from dataclasses import replace

from alerts import to_prometheus
from alerts.panels import place
from alerts.rules.storage import high_storage_latency
from config import Config


def test_a_paused_alert_is_left_out() -> None:
    paused = replace(high_storage_latency(Config()), is_paused=True)
    assert to_prometheus.render(place([paused], Config())) == {"groups": []}
