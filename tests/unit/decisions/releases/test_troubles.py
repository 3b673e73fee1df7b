"""What the inbox says of open incidents, and what it means for a release."""

from typing import Any, get_args

import httpx
import pytest

from decisions.releases.observation import Trouble, Weight
from decisions.releases.troubles import WEIGHTS, read_known, read_troubles
from diagnosis.verdict.verdict import Domain
from prometheus.client import Client, SourceAway

STARTED = "2026-11-29T12:00:00Z"


def verdict(
    domain: str = "infrastructure", confidence: float = 0.97, cause: str = "storage-latency"
) -> dict[str, Any]:
    return {
        "domain": domain,
        "cause": cause,
        "confidence": confidence,
        "summary": "Storage is slow.",
        "onset": 1_000.0,
    }


def incident(**changes: Any) -> dict[str, Any]:
    usual = {"id": 3, "status": "firing", "started_at": STARTED, "services": ["recommender"]}
    return usual | {"verdict": verdict(), "alerts": []} | changes


def inbox(*incidents: dict[str, Any]) -> Client:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/incidents"
        return httpx.Response(200, json={"incidents": list(incidents), "next_before": None})

    return Client("The inbox", "http://inbox.test", transport=httpx.MockTransport(answer))


def ask(*incidents: dict[str, Any]) -> tuple[Trouble, ...]:
    return read_troubles(inbox(*incidents))


def test_every_domain_of_a_verdict_means_something_but_none() -> None:
    assert WEIGHTS.keys() == set(get_args(Domain)) - {"none"}


@pytest.mark.parametrize("domain", sorted(WEIGHTS))
def test_an_open_incident_has_the_weight_of_its_verdicts_domain(domain: str) -> None:
    (found,) = ask(incident(verdict=verdict(domain)))
    assert found == Trouble(3, WEIGHTS[domain], domain, "storage-latency", "Storage is slow.", 1_000.0)


def test_a_verdict_that_is_not_sure_asks_and_one_that_is_not_there_yet_waits() -> None:
    (unsure, early) = ask(incident(verdict=verdict("model", 0.4)), incident(id=4, verdict=None))
    assert (unsure.weight, early.weight) == (Weight.ASKS, Weight.PAUSES_IF_NEW)


@pytest.mark.parametrize(
    "cause", ["concept-drift", "covariate-drift", "catalogue-corruption", "missing-features"]
)
def test_trouble_with_data_does_not_roll_a_version_back(cause: str) -> None:
    (found,) = ask(incident(verdict=verdict("data", cause=cause)))
    assert found.weight is Weight.PAUSES_IF_NEW


def test_a_version_that_is_worse_for_one_segment_is_rolled_back() -> None:
    (found,) = ask(incident(verdict=verdict("data", cause="biased-segment")))
    assert found.weight is Weight.ROLLS_BACK


def firing(component: str, status: str = "firing") -> dict[str, Any]:
    return {"status": status, "labels": {"component": component}}


def test_alerts_on_models_that_look_back_do_not_keep_a_release_paused() -> None:
    over = [firing("storage", "resolved"), firing("models")]
    assert not ask(incident(alerts=over))
    assert not ask(incident(alerts=over, verdict=verdict("data")))
    (lasts,) = ask(incident(alerts=[firing("storage"), firing("models")]))
    assert lasts.weight is Weight.PAUSES
    (blamed,) = ask(incident(alerts=over, verdict=verdict("model")))
    assert blamed.weight is Weight.ROLLS_BACK


def test_what_is_over_or_nothing_or_somebody_elses_means_nothing() -> None:
    assert not ask(
        incident(status="resolved"), incident(verdict=verdict("none")), incident(services=["checkout"])
    )
    assert ask(incident(services=[])), "an alert without a service is about the stack"


def test_what_is_open_is_known_whatever_it_means_now() -> None:
    calm = incident(id=4, verdict=verdict("none"))
    assert read_known(inbox(incident(), calm, incident(id=5, status="resolved"))) == {3, 4}


def test_an_inbox_that_is_away_or_something_else_is_told() -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"incidents": [{"id": "three"}]})

    with pytest.raises(SourceAway, match="The inbox gave an answer that is not its API's"):
        read_troubles(Client("The inbox", "http://inbox.test", transport=httpx.MockTransport(refuse)))
