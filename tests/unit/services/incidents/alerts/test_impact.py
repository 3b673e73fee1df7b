"""Whether users are affected is said by the alert, and the verdict does not deny it."""

from collections.abc import Callable

import pytest

from alerts.rules import all_alerts
from alerts.spec import Impact
from config import Config
from diagnosis import Verdict, diagnose
from services.incidents.alerts.waves import doubt, split_waves
from services.incidents.incident import IMPACTS, Alert
from tests.unit.diagnosis.packs.models.test_causes import CONTROLS
from tests.unit.diagnosis.packs.recommender.world import World
from tests.unit.diagnosis.topology.shop import SHOP, verdict
from tests.unit.services.incidents.bodies import START

WHENCE = {alert.title: alert.labels for alert in all_alerts(Config())}


def fire(name: str, **labels: str) -> Alert:
    return Alert(
        fingerprint=name,
        name=name,
        status="firing",
        severity=labels.get("severity", "none"),
        starts_at=START,
        ends_at=None,
        labels={"alertname": name, **labels},
        annotations={},
    )


def examine_recommender() -> Verdict:
    world = World(42)
    return diagnose(world.evidence(), alerted_at=world.onset)


CALM: dict[str, Callable[[], Verdict]] = {
    "recommender": examine_recommender,
    "an input that does no harm": CONTROLS["unused feature"].verdict,
    "a model": CONTROLS["nothing"].verdict,
    "topology": lambda: verdict(SHOP),
}


def test_the_inbox_knows_all_values_of_the_label() -> None:
    assert frozenset(Impact) == IMPACTS


@pytest.mark.parametrize(
    "name",
    [
        "Requests Slow",
        "Slower Than Usual",
        "Errors Above Usual",
        "Hit Rate Lower",
        "Degraded Answers",
        "Traffic Stopped",
        "Server Errors",
        "Model Quality Dropped",
    ],
)
def test_alerts_on_what_users_get_have_user_impact(name: str) -> None:
    assert fire(name, **WHENCE[name]).has_user_impact


@pytest.mark.parametrize(
    "name",
    [
        "Disk Nearly Full",
        "Telemetry Silent",
        "Model Feature Unit Changed",
        "Collector Down",
        "Incident Explained",
        "Heartbeat",
    ],
)
def test_alerts_on_anything_else_are_not(name: str) -> None:
    assert not fire(name, **WHENCE[name]).has_user_impact


@pytest.mark.parametrize(
    ("labels", "user_impact"),
    [
        ({"severity": "warning", "impact": "user"}, True),
        ({"severity": "critical", "impact": "possible"}, False),
        ({"severity": "critical", "impact": "none"}, False),
        ({"severity": "critical", "impact": "user", "component": "pipeline"}, True),
        ({"severity": "critical", "impact": "large"}, True),
        ({"severity": "critical"}, True),
        ({"severity": "warning"}, False),
        ({"severity": "critical", "component": "pipeline"}, False),
    ],
)
def test_without_the_label_the_severity_decides(labels: dict[str, str], user_impact: bool) -> None:
    assert fire("Own", **labels).has_user_impact is user_impact


def test_a_rule_that_cannot_be_evaluated_says_nothing_of_users() -> None:
    assert not fire("Own", alertname="DatasourceNoData", severity="critical", impact="user").has_user_impact


@pytest.mark.parametrize("calm", CALM.values(), ids=CALM)
def test_no_verdict_is_none_while_users_are_affected(calm: Callable[[], Verdict]) -> None:
    (wave,) = split_waves([fire("Requests Slow", **WHENCE["Requests Slow"])])
    assert doubt(calm(), wave.user_impact).domain == "unknown"


@pytest.mark.parametrize("name", ["Disk Nearly Full", "Model Feature Drift", "Model Feature Unit Changed"])
@pytest.mark.parametrize("calm", CALM.values(), ids=CALM)
def test_nothing_is_said_of_users_where_the_alert_does_not(calm: Callable[[], Verdict], name: str) -> None:
    (wave,) = split_waves([fire(name, **WHENCE[name])])
    said = doubt(calm(), wave.user_impact)
    assert said == calm()
    assert "users are affected" not in said.summary


def test_what_was_found_is_told_beside_the_doubt() -> None:
    (wave,) = split_waves([fire("Model Quality Dropped", **WHENCE["Model Quality Dropped"])])
    found = CONTROLS["unused feature"].verdict()
    assert found.domain == "none"
    said = doubt(found, wave.user_impact).summary
    assert said.startswith("Model Quality Dropped fires, so users are affected.")
    assert said.endswith(found.summary)
