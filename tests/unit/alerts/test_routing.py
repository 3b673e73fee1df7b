"""Who is told what, when and how, in both renderings."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerts import to_alertmanager, to_contacts
from alerts.routing import Routing, route
from alerts.rules import all_alerts
from alerts.rules.storage import high_storage_latency, storage_outage
from config import Config, load
from tests.unit.alerts.chosen import MINE, choose


@pytest.fixture
def mine(tmp_path: Path) -> Iterator[Routing]:
    with choose(MINE, tmp_path):
        config = load()
        yield route(all_alerts(config), config)


@pytest.fixture
def alertmanager(mine: Routing) -> dict[str, Any]:
    return to_alertmanager.render(mine)


@pytest.fixture
def grafana(mine: Routing) -> dict[str, Any]:
    return to_contacts.render(mine)


def test_by_default_only_the_incidents_page_is_told_and_the_heartbeat_repeats_each_minute() -> None:
    content = to_alertmanager.render(route(all_alerts(Config()), Config()))
    assert [receiver["name"] for receiver in content["receivers"]] == ["incidents"]
    heartbeat, all_ = content["route"]["routes"]
    assert (heartbeat["matchers"], heartbeat["repeat_interval"]) == (['heartbeat="true"'], "1m")
    assert (heartbeat["continue"], all_["continue"], all_["group_wait"]) == (False, True, "0s")
    assert "time_intervals" not in content and "global" not in content


def test_each_receiver_gets_its_severities_after_the_incidents_page(alertmanager: dict[str, Any]) -> None:
    routes = alertmanager["route"]["routes"]
    assert [each["receiver"] for each in routes] == [
        "incidents",
        "incidents",
        "on-call",
        "chat",
        "ticket",
        "hidden",
    ]
    assert routes[2]["matchers"] == ['severity=~"critical"']
    assert routes[3]["matchers"] == ['severity=~"critical|warning|info"']
    assert routes[3]["mute_time_intervals"] == ["nights", "weekends"]
    assert all(each["repeat_interval"] == "2h" for each in routes[1:])
    assert all(each["continue"] for each in routes[1:])


def test_alertmanager_reads_secrets_from_files_named_like_their_variables(
    alertmanager: dict[str, Any],
) -> None:
    by_name = {receiver["name"]: receiver for receiver in alertmanager["receivers"]}
    assert alertmanager["global"]["smtp_auth_password_file"] == "SMTP_PASSWORD"
    assert by_name["on-call"]["email_configs"] == [
        {"to": "a@example.org, b@example.org", "send_resolved": True}
    ]
    (slack,) = by_name["chat"]["slack_configs"]
    assert (slack["api_url_file"], slack["channel"]) == ("SLACK_URL", "#ops")
    assert "{{ .Annotations.runbook_url }}" in slack["text"]
    (ticket,) = by_name["ticket"]["webhook_configs"]
    assert ticket["url"] == "https://tickets.example.org/new"
    assert ticket["http_config"]["authorization"]["credentials_file"] == "TICKET_TOKEN"
    assert by_name["hidden"]["webhook_configs"] == [{"url_file": "HIDDEN_URL", "send_resolved": False}]
    assert "a secret" not in str(alertmanager)


def test_grafana_reads_secrets_from_its_environment(grafana: dict[str, Any]) -> None:
    by_name = {point["name"]: point["receivers"][0] for point in grafana["contactPoints"]}
    assert by_name["incidents"]["settings"]["authorization_credentials"] == "$WEBHOOK_TOKEN"
    assert by_name["on-call"]["settings"] == {"addresses": "a@example.org;b@example.org", "singleEmail": True}
    assert by_name["chat"]["settings"] == {"url": "$SLACK_URL", "recipient": "#ops"}
    assert by_name["ticket"]["settings"]["authorization_credentials"] == "$TICKET_TOKEN"
    assert by_name["hidden"]["disableResolveMessage"] is True
    assert "a secret" not in str(grafana)


def test_both_have_the_same_tree_with_the_same_waits(
    alertmanager: dict[str, Any], grafana: dict[str, Any]
) -> None:
    def told(route: dict[str, Any], matchers: list[str]) -> tuple[object, ...]:
        waits = tuple(route[name] for name in ("group_wait", "group_interval", "repeat_interval"))
        return route["receiver"], matchers, route["continue"], waits, route.get("mute_time_intervals")

    (policy,) = grafana["policies"]
    theirs = [
        told(
            each,
            [f'{label}{operator}"{value}"' for label, operator, value in each.get("object_matchers", [])],
        )
        for each in policy["routes"]
    ]
    assert theirs == [told(each, each.get("matchers", [])) for each in alertmanager["route"]["routes"]]
    ours = [{"name": time["name"], "time_intervals": time["time_intervals"]} for time in grafana["muteTimes"]]
    assert ours == alertmanager["time_intervals"]


def test_what_follows_from_another_alert_is_muted_by_it_or_held_back(
    alertmanager: dict[str, Any], grafana: dict[str, Any]
) -> None:
    muted = {rule["target_matchers"][0]: rule["source_matchers"][0] for rule in alertmanager["inhibit_rules"]}
    assert muted['follows="collector-down"'] == 'alertname="Collector Down"'
    assert muted['follows="degraded-answers"'] == 'alertname="Degraded Answers"'
    for each in grafana["policies"][0]["routes"][1:]:
        held, *_ = each["routes"]
        assert (held["object_matchers"], held["group_wait"]) == ([["follows", "=~", ".+"]], "5m")
        assert held.get("mute_time_intervals") == each.get("mute_time_intervals")


def test_a_receiver_is_told_of_a_verdict_at_once_and_of_each_incident_by_itself(
    alertmanager: dict[str, Any], grafana: dict[str, Any]
) -> None:
    """Alerts that are gathered for minutes would hold back the verdict that explains them."""
    (policy,) = grafana["policies"]
    theirs = [each["routes"][-1] for each in policy["routes"][2:]]
    assert [each.pop("object_matchers") for each in theirs] == [[["explained", "=", "true"]]] * 4
    ours = [each["routes"][-1] for each in alertmanager["route"]["routes"][2:]]
    assert [each.pop("matchers") for each in ours] == [['explained="true"']] * 4
    assert theirs == ours
    for verdicts, parent in zip(ours, alertmanager["route"]["routes"][2:], strict=True):
        assert verdicts["receiver"] == parent["receiver"]
        assert verdicts["group_by"] == ["alertname", "incident"]
        assert (verdicts["group_wait"], verdicts["group_interval"]) == ("0s", "10s")
        assert verdicts.get("mute_time_intervals") == parent.get("mute_time_intervals")


def test_a_cause_that_is_no_alert_is_an_error() -> None:
    lost = replace(high_storage_latency(Config()), follows="storage-outrage")
    with pytest.raises(ValueError, match="high-storage-latency follows 'storage-outrage', which is no alert"):
        route([lost, storage_outage(Config())], Config())
