"""Prometheus Operator's AlertmanagerConfig says the same as Alertmanager's own configuration."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alerts import to_alertmanager, to_alertmanager_config
from alerts.routing import Routing, route
from alerts.rules import all_alerts
from config import Config, load
from tests.unit.alerts.chosen import MINE, choose

INBOX = "http://inbox/webhooks/alerts"


@pytest.fixture
def choose_routing(tmp_path: Path) -> Callable[[str], Routing]:
    def routing(text: str) -> Routing:
        with choose(text, tmp_path):
            config = load()
        return route(all_alerts(config), config)

    return routing


@pytest.fixture
def mine(choose_routing: Callable[[str], Routing]) -> Routing:
    return choose_routing(MINE.replace("Europe/Zurich", "UTC"))


def plain(rendered: dict[str, Any]) -> dict[str, Any]:
    """A route with Alertmanager's own names and matchers."""
    names = {"groupBy": "group_by", "groupWait": "group_wait", "groupInterval": "group_interval"}
    names |= {"repeatInterval": "repeat_interval", "muteTimeIntervals": "mute_time_intervals"}
    route = {names.get(key, key): value for key, value in rendered.items()}
    if "matchers" in route:
        route["matchers"] = [f'{m["name"]}{m["matchType"]}"{m["value"]}"' for m in route["matchers"]]
    if "routes" in route:
        route["routes"] = [plain(each) for each in route["routes"]]
    return route


def test_routes_and_inhibitions_are_those_of_alertmanager(mine: Routing) -> None:
    own, spec = to_alertmanager.render(mine), to_alertmanager_config.render(mine, INBOX, "whence")
    assert plain(spec["route"]) == own["route"]
    causes = [each["sourceMatch"][0]["value"] for each in spec["inhibitRules"]]
    assert causes == [inhibition.cause for inhibition in mine.inhibitions]
    assert [each["name"] for each in spec["receivers"]] == [each["name"] for each in own["receivers"]]


def test_secrets_are_keys_named_like_their_variables(mine: Routing) -> None:
    spec = to_alertmanager_config.render(mine, INBOX, "whence")
    inbox, on_call, chat, ticket, hidden = spec["receivers"]
    bearer = inbox["webhookConfigs"][0]["httpConfig"]["authorization"]["credentials"]
    assert bearer == {"name": "whence", "key": "WEBHOOK_TOKEN"}
    (mail,) = on_call["emailConfigs"]
    assert (mail["smarthost"], mail["authPassword"]["key"]) == ("smtp.example.org:587", "SMTP_PASSWORD")
    assert chat["slackConfigs"][0]["apiURL"]["key"] == "SLACK_URL"
    assert ticket["webhookConfigs"][0]["url"] == "https://tickets.example.org/new"
    assert ticket["webhookConfigs"][0]["httpConfig"]["authorization"]["credentials"]["key"] == "TICKET_TOKEN"
    assert hidden["webhookConfigs"][0]["urlSecret"]["key"] == "HIDDEN_URL"
    assert hidden["webhookConfigs"][0]["sendResolved"] is False
    assert "a secret" not in str(spec)


def test_mute_times_are_in_utc(mine: Routing, choose_routing: Callable[[str], Routing]) -> None:
    nights, weekends = to_alertmanager_config.render(mine, INBOX, "whence")["muteTimeIntervals"]
    times = [{"startTime": "22:00", "endTime": "24:00"}]
    assert nights == {
        "name": "nights",
        "timeIntervals": [{"weekdays": ["monday", "tuesday"], "times": times}],
    }
    assert weekends["timeIntervals"] == [{"weekdays": ["saturday", "sunday"]}]
    with pytest.raises(ValueError, match="mute_times nights: .* no time zone but UTC .*Europe/Zurich"):
        to_alertmanager_config.render(choose_routing(MINE), INBOX, "whence")


def test_by_default_only_the_incidents_page_is_told() -> None:
    routing = route(all_alerts(Config()), Config())
    spec = to_alertmanager_config.render(routing, INBOX, "whence")
    assert [each["name"] for each in spec["receivers"]] == ["incidents"]
    assert "muteTimeIntervals" not in spec
