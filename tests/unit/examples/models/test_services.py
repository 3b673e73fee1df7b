"""The two services, in this process, with models that were trained."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from examples.models import predictions
from examples.models.training import LIVE
from stack import ROOT
from tests.unit.examples.models.live import Service

PAYMENT = {"amount": 300, "hour": 3}
"""The body of docs/adapt.md."""
DELIVERY = {"distance": 4.2, "weight": 2.0, "hour": 17, "load": 6, "weather": "rain", "vehicle": "van"}


def ask(service: Service, *requests: tuple[str, Any]) -> list[httpx.Response]:
    """The answers to POST requests (path, body), one after the other."""

    async def send() -> list[httpx.Response]:
        async with service.connect() as client:
            return [await client.post(path, json=body) for path, body in requests]

    return asyncio.run(send())


def test_a_payment_is_scored_and_watched_with_its_segment(checkout: Service) -> None:
    (answer,) = ask(checkout, ("/payments", {**PAYMENT, "customer": "new"}))
    assert 0 < answer.json()["fraud"] < 1
    assert answer.json()["review"] is (answer.json()["fraud"] >= 0.5)
    assert checkout.read("model.predictions", "model.version", "segment")[LIVE, "new"] == 1
    assert checkout.read("model.feature.values", "feature", "bin")["orders", "missing"] == 1
    assert not any(checkout.read("model.monitor.problems", "kind").values())


def test_the_amount_is_watched_in_euros(checkout: Service) -> None:
    ask(checkout, ("/payments", {"amount": 100, "currency": "USD"}))
    assert checkout.read("model.feature.magnitude", "feature", "sign")["amount", "positive"] == 90


def test_an_unknown_currency_is_a_fault_of_the_service(checkout: Service) -> None:
    (answer,) = ask(checkout, ("/payments", {"amount": 10, "currency": "XAU"}))
    assert answer.status_code == 500


def test_a_chargeback_is_learned_once_whichever_version_predicted(checkout: Service) -> None:
    (answer,) = ask(checkout, ("/payments", PAYMENT))
    path = f"/payments/{answer.json()['id']}/chargeback"
    first, again, unknown = ask(
        checkout, (path, {"fraud": True}), (path, {"fraud": True}), ("/payments/no/chargeback", {"fraud": 0})
    )
    assert (first.status_code, again.status_code, unknown.status_code) == (204, 404, 404)
    assert checkout.read("model.labels", "model.version", "segment")[LIVE, "old"] == 1
    assert sum(checkout.read("model.label.delay").values()) < 60


def test_payments_at_once_are_scored_by_one_monitor_and_each_outcome_is_learned_once(
    checkout: Service,
) -> None:
    async def send() -> list[int]:
        async with checkout.connect() as client:
            paid = await asyncio.gather(*(client.post("/payments", json=PAYMENT) for _ in range(40)))
            paths = [f"/payments/{one.json()['id']}/chargeback" for one in paid]
            told = await asyncio.gather(*(client.post(path, json={"fraud": True}) for path in paths * 2))
        return [one.status_code for one in told]

    answers = asyncio.run(send())
    assert sorted(answers) == [204] * 40 + [404] * 40
    assert checkout.read("model.predictions", "model.version") == {(LIVE,): 40}
    assert checkout.read("model.labels", "model.version") == {(LIVE,): 40}


def test_an_outcome_that_reaches_another_process_is_joined(checkout: Service, data: Path) -> None:
    elsewhere = predictions.Predictions(data / "checkout.db")
    id = elsewhere.keep(LIVE, 0.9, "new", PAYMENT)
    (answer,) = ask(checkout, (f"/payments/{id}/chargeback", {"fraud": True}))
    assert answer.status_code == 204
    assert checkout.read("model.outcomes", "segment", "class", "outcome")["new", "1", "tp"] == 1


def test_a_delivery_is_estimated_and_its_arrival_learned(deliveries: Service) -> None:
    (answer,) = ask(deliveries, ("/deliveries", DELIVERY))
    minutes = answer.json()["minutes"]
    assert 30 < minutes < 60
    (arrived,) = ask(deliveries, (f"/deliveries/{answer.json()['id']}/arrival", {"minutes": minutes + 5}))
    assert arrived.status_code == 204
    assert deliveries.read("model.labels", "segment")["van",] == 1
    assert not any(deliveries.read("model.monitor.problems", "kind").values())


def test_another_version_answers_when_it_is_rolled_out(checkout: Service) -> None:
    checkout.change(version="2.1.0")
    ask(checkout, ("/payments", PAYMENT))
    assert checkout.read("model.predictions", "model.version") == {("2.1.0",): 1}
    assert checkout.read("model.feature.values", "feature", "bin")["disputes", "01"] == 1


def test_bad_bodies_are_refused(checkout: Service, deliveries: Service) -> None:
    for body in ({}, {"amount": 0}, {"amount": 1, "customer": "who"}, {"amount": 1, "hour": 24}):
        assert ask(checkout, ("/payments", body))[0].status_code == 422
    assert ask(deliveries, ("/deliveries", {"distance": -1, "vehicle": "van"}))[0].status_code == 422


def test_predictions_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictions, "MOST", 100)
    kept = predictions.Predictions(tmp_path / "kept.db")
    ids = [kept.keep(LIVE, 0.1, "old", {}) for _ in range(predictions.CLEAN_EVERY)]
    assert [kept.take(id) is not None for id in (ids[0], ids[-101], ids[-100], ids[-1])] == [
        False,
        False,
        True,
        True,
    ]


def test_a_service_without_a_model_says_what_to_do(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "MODELS_DATA": str(tmp_path),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "monitor" / "src")]),
    }
    done = subprocess.run(
        [sys.executable, "-c", "import examples.checkout.app"],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "run python -m examples.checkout.train first" in done.stderr
