from dataclasses import replace

from alerts import to_prometheus
from alerts.panels import place
from alerts.routing import Routing
from alerts.rules import HIGH_STORAGE_LATENCY


def test_a_paused_alert_is_left_out() -> None:
    paused = replace(HIGH_STORAGE_LATENCY, is_paused=True)
    assert to_prometheus.render_rules(place([paused])) == {"groups": []}


def test_alertmanager_holds_neither_secret_nor_port() -> None:
    routing = Routing("inbox", ("alertname",), group_wait=0, group_interval=30, repeat_interval=3600)
    content = to_prometheus.render_alertmanager(routing)
    assert content["route"] == {
        "receiver": "inbox",
        "group_by": ["alertname"],
        "group_wait": "0s",
        "group_interval": "30s",
        "repeat_interval": "1h",
    }
    (webhook,) = content["receivers"][0]["webhook_configs"]
    assert webhook["send_resolved"] is True
    assert webhook["http_config"]["authorization"] == {"type": "Bearer", "credentials_file": "webhook_token"}
