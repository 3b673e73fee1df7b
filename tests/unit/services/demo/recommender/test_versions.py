"""Loading, switching and keeping the live model, as /readyz tells it."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.unit.services.demo.recommender.support import FakeStore, Service, is_ready, published, serve, until

Damage = Callable[[FakeStore], Any]
AWAY = EndpointConnectionError(endpoint_url="http://127.0.0.1:9100")


async def readiness(service: Service) -> dict[str, Any]:
    body: dict[str, Any] = (await service.client.get("/readyz")).json()
    return body


def test_storage_away_at_the_start_is_said_and_recovered_from() -> None:
    async def scenario() -> None:
        store = published()
        store.errors["live.json"] = AWAY
        async with serve(store, ready=False) as service:
            await until(lambda: bool(store.reads), "live.json was asked for")
            await until(lambda: says(service, "storage cannot be read"), "readyz names the reason")
            refused = await service.client.get("/recommendations/1")
            assert refused.status_code == 503 and "storage cannot be read" in refused.json()["detail"]
            assert (await service.client.get("/readyz")).status_code == 503
            assert (await service.client.get("/healthz")).status_code == 200
            store.errors.clear()
            await until(lambda: is_ready(service), "ready without help")
            assert (await readiness(service))["degraded"] is None
            assert (await service.ask(1))["reason"] == "ok"

    asyncio.run(scenario())


async def runs(service: Service, version: str) -> bool:
    return (await readiness(service)).get("model_version") == version


async def says(service: Service, text: str) -> bool:
    return text in str(await readiness(service))


def test_an_empty_bucket_says_what_to_do() -> None:
    async def scenario() -> None:
        async with serve(FakeStore(), ready=False) as service:
            await until(
                lambda: says(service, "live.json is not in bucket whence; run the trainer"), "the remedy"
            )

    asyncio.run(scenario())


def test_r13_a_switch_changes_version_and_data_set_of_answers_info_and_resource() -> None:
    async def scenario() -> None:
        store = published("als4-aaaaaa")
        async with serve(store) as service:
            assert (await service.ask(1))["model_version"] == "als4-aaaaaa"
            store.publish("als8-bbbbbb", factors=8, dataset_id="ba9876543210")
            await until(lambda: runs(service, "als8-bbbbbb"), "the switch")
            answer = await service.ask(1)
            assert (answer["model_version"], answer["dataset_id"]) == ("als8-bbbbbb", "ba9876543210")
            assert answer["reason"] == "ok"
            assert service.total("recommendation.model.info", model_version="als4-aaaaaa") == 0
            assert service.total("recommendation.model.info", model_version="als8-bbbbbb") == 1
            resource = service.resource()
            assert resource["model.version"] == "als8-bbbbbb" and resource["dataset.id"] == "ba9876543210"

    asyncio.run(scenario())


DAMAGES: dict[str, tuple[Damage, str]] = {
    "no arrays": (lambda store: store.objects.pop("models/als8-bbbbbb/model.npz"), "is not in bucket"),
    "no card": (lambda store: store.objects.pop("models/als8-bbbbbb/card.json"), "is not in bucket"),
    "cut arrays": (
        lambda store: store.objects.update({"models/als8-bbbbbb/model.npz": b"PK"}),
        "checksum",
    ),
    "bad card": (
        lambda store: store.objects.update({"models/als8-bbbbbb/card.json": b"{}"}),
        "no valid card",
    ),
    "other card": (
        lambda store: store.publish("als8-bbbbbb", version="als4-cccccc"),
        "card is that of als4-cccccc",
    ),
    "bad pointer": (
        lambda store: store.objects.update({"live.json": b"als8-bbbbbb"}),
        "live.json is not valid",
    ),
    "storage away": (lambda store: store.errors.update({"live.json": AWAY}), "storage cannot be read"),
    "a bug": (lambda store: store.errors.update({"live.json": RuntimeError("oops")}), "RuntimeError: oops"),
}


@pytest.mark.parametrize(("damage", "said"), DAMAGES.values(), ids=DAMAGES.keys())
def test_the_last_good_model_is_kept_until_the_damage_is_mended(damage: Damage, said: str) -> None:
    async def scenario() -> None:
        store = published("als4-aaaaaa")
        async with serve(store) as service:
            broken = FakeStore()
            broken.publish("als8-bbbbbb", factors=8)
            damage(broken)
            store.errors.update(broken.errors)
            store.objects.update(broken.objects)
            await until(lambda: says(service, said), "readyz says what is wrong")
            assert await is_ready(service)
            assert (await service.ask(1))["model_version"] == "als4-aaaaaa"
            store.errors.clear()
            store.publish("als8-bbbbbb", factors=8)
            await until(lambda: runs(service, "als8-bbbbbb"), "the mended version is live")
            assert (await readiness(service))["degraded"] is None

    asyncio.run(scenario())


def test_damage_is_logged_once(capsys: pytest.CaptureFixture[str]) -> None:
    async def scenario() -> None:
        store = published("als4-aaaaaa")
        async with serve(store) as service:
            store.objects["live.json"] = json.dumps({"version": "als8-bbbbbb"}).encode()
            await until(lambda: store.reads.count("models/als8-bbbbbb/card.json") >= 3, "it was tried again")
            assert await says(service, "models/als8-bbbbbb/card.json is not in bucket")

    asyncio.run(scenario())
    lines = [line for line in capsys.readouterr().out.splitlines() if "als8-bbbbbb/card.json" in line]
    assert len(lines) == 1
