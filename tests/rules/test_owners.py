"""Every alert carries the owner of its service, as whence.yaml names it."""

import re
from pathlib import Path

import pytest

from alerts import to_prometheus
from alerts.panels import place
from alerts.rules import all_alerts
from config import Config
from prometheus.recording import render_recording
from tests.rules.promtool import histogram, run_promtool

OWNERS = {"recommender": "sales", "checkout": "payments", "search": "payments", "incidents": "desk"}
CONFIG = Config.model_validate(
    {"services": [{"name": name, "owner": owner} for name, owner in OWNERS.items()]}
)
FAILING = histogram((600, {0.02: 200}))
ANSWERS = 'http_server_request_duration_seconds{service_name="%s", http_response_status_code="500"}'


@pytest.mark.parametrize(
    ("slug", "recorded"),
    [
        ("server-errors", ["signals"]),
        ("availability-budget-burns-fast", ["signals", "objectives", "burn rates"]),
    ],
)
def test_the_alert_of_each_service_goes_to_its_owner(slug: str, recorded: list[str], tmp_path: Path) -> None:
    placed = [each for each in place(all_alerts(CONFIG), CONFIG) if each.alert.slug == slug]
    groups = [group for group in render_recording(CONFIG)["groups"] if group["name"] in recorded]
    groups += to_prometheus.render(placed)["groups"]
    firing = (
        f'group by (service_name, owner) (ALERTS{{alertname="{placed[0].alert.title}", alertstate="firing"}})'
    )
    expected = [
        {"labels": f'{{service_name="{name}", owner="{owner}"}}', "value": 1}
        for name, owner in OWNERS.items()
    ]
    test = {
        "interval": "10s",
        "input_series": [{"series": ANSWERS % name, "values": FAILING} for name in OWNERS],
        "promql_expr_test": [{"expr": firing, "eval_time": "590s", "exp_samples": expected}],
    }
    run_promtool(tmp_path, [test], groups)


def test_a_verdict_goes_to_the_owner_of_the_service_at_fault(tmp_path: Path) -> None:
    placed = [each for each in place(all_alerts(CONFIG), CONFIG) if each.alert.is_verdict]
    firing = 'group by (service, owner) (ALERTS{alertname="Incident Explained", alertstate="firing"})'
    expected = [
        {"labels": f'{{service="{name}", owner="{owner}"}}', "value": 1}
        for name, owner in {**OWNERS, "ledger": "platform"}.items()
    ]
    verdict = 'incident_verdict_confidence_ratio{domain="release", service="%s"}'
    test = {
        "interval": "10s",
        "input_series": [{"series": verdict % name, "values": "0.9x60"} for name in (*OWNERS, "ledger")],
        "promql_expr_test": [{"expr": firing, "eval_time": "590s", "exp_samples": expected}],
    }
    run_promtool(tmp_path, [test], to_prometheus.render(placed)["groups"])


def test_no_alert_about_services_has_an_owner_of_its_own() -> None:
    for alert in all_alerts(CONFIG):
        if not re.search(r"by \((\w+, )*service(_name)?\b|service_name!?=", alert.query):
            assert alert.owner == "platform", alert.slug
        elif alert.owner:
            assert all(owner in alert.owner for owner in OWNERS.values()), alert.slug
        else:
            assert "by (service_name, owner)" in alert.query, alert.slug
