import json
from typing import Any

import httpx
import pytest

from decisions.retraining.incidents import read_troubles
from prometheus.client import Client, SourceAway

VERDICT = {"domain": "data", "cause": "concept-drift", "confidence": 0.9, "impact": 1.0, "summary": "drift"}


def incident(number: int, services: list[str], component: str = "quality", **changes: Any) -> dict[str, Any]:
    alert = {
        "name": "Hit Rate",
        "status": "firing",
        "labels": {"component": component, **changes.pop("labels", {})},
    }
    return {
        "id": number,
        "status": "firing",
        "services": services,
        "alerts": [alert],
        "verdict": VERDICT,
        "waves": [],
        **changes,
    }


def ask(
    *incidents: dict[str, Any], service: str = "recommender", model: str = "recommendations"
) -> list[int]:
    return [trouble.incident for trouble in read_troubles(serve(*incidents), service, model)]


def serve(*incidents: dict[str, Any]) -> Client:
    body = json.dumps({"incidents": incidents})
    return Client(
        "The inbox", "http://inbox", transport=httpx.MockTransport(lambda _: httpx.Response(200, text=body))
    )


def test_open_incidents_about_the_service_count_the_worst_first() -> None:
    worse = VERDICT | {"impact": 2.0}
    assert ask(incident(1, []), incident(2, ["recommender"], verdict=worse)) == [2, 1]


def test_others_do_not() -> None:
    assert ask(incident(1, ["checkout"])) == []
    assert ask(incident(1, ["recommender"], status="resolved")) == []
    assert ask(incident(1, ["recommender"], verdict=None)) == []
    assert ask(incident(1, []), service="checkout", model="fraud") == []
    assert (
        ask(
            incident(1, ["checkout"], verdict=VERDICT | {"model": "other"}), service="checkout", model="fraud"
        )
        == []
    )


@pytest.mark.parametrize(
    ("component", "asks"),
    [
        ("quality", True),
        ("model", True),
        ("data", True),
        ("models", True),
        ("storage", False),
        ("host", False),
    ],
)
def test_r23_alerts_on_quality_and_drift_ask_for_a_retraining(component: str, asks: bool) -> None:
    (trouble,) = read_troubles(serve(incident(1, [], component)), "recommender", "recommendations")
    assert trouble.asks is asks


def test_an_alert_on_another_model_does_not_ask_for_this_one() -> None:
    other = incident(1, ["checkout"], "models", labels={"model_name": "other"})
    (trouble,) = read_troubles(serve(other), "checkout", "fraud")
    assert not trouble.asks


def test_an_inbox_that_is_away_is_said() -> None:
    client = Client("The inbox", "http://inbox", transport=httpx.MockTransport(lambda _: httpx.Response(503)))
    with pytest.raises(SourceAway, match="The inbox answered with status 503"):
        read_troubles(client, "recommender", "recommendations")
