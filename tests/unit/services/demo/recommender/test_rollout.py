"""Several versions at once: who is answered by which, and what if one comes, changes or is missing."""

import asyncio
import json
import threading
from pathlib import Path
from time import monotonic, time
from typing import Any

import pytest

from services.demo.flags import clear_rollout, write_rollout
from services.demo.recommender.settings import RecommenderSettings
from services.demo.recommender.versions import PATIENCE_POLLS
from tests.unit.services.demo.recommender.support import FakeStore, Service, published, serve, until

LIVE, OTHER = "als4-aaaaaa", "als8-bbbbbb"
USERS = range(100, 300)


def prepare(tmp_path: Path, other_share: float = 30) -> FakeStore:
    """A storage with two versions, the first one live, and a flag that gives a share to the second."""
    store = published(LIVE)
    store.publish(OTHER, factors=8, live=False)
    store.flags = tmp_path / "flags.json"
    write_rollout(store.flags, {LIVE: 100 - other_share, OTHER: other_share})
    return store


async def names(service: Service) -> list[str]:
    found: list[str] = (await service.client.get("/readyz")).json()["versions"]
    return found


async def uses(service: Service, *versions: str) -> bool:
    return await names(service) == sorted(versions)


async def ask_all(service: Service) -> dict[int, str]:
    """The version that answers each user."""
    return {user: (await service.ask(user))["model_version"] for user in USERS}


def pipeline(service: Service) -> dict[str, Any]:
    """The attributes of the last answer's span."""
    return dict(service.spans("ai_inference_pipeline")[-1].attributes or {})


def test_a_share_of_the_users_is_answered_by_the_other_version_and_stays_with_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = prepare(tmp_path)
        async with serve(store) as service:
            assert await uses(service, LIVE, OTHER)
            first = await ask_all(service)
            share = sum(version == OTHER for version in first.values()) / len(first)
            assert 0.2 < share < 0.4
            assert await ask_all(service) == first
            for version in (LIVE, OTHER):
                assert service.total("recommendation.requests", model_version=version) > 0
                assert service.total("recommendation.model.info", model_version=version) == 1
        async with serve(store) as restarted:
            assert await ask_all(restarted) == first

    asyncio.run(scenario())


def test_r13_answers_and_flag_of_a_version_are_its_own(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serve(prepare(tmp_path, 100)) as service:
            answer = await service.ask(1)
            assert (answer["model_version"], answer["reason"]) == (OTHER, "ok")
            assert f"features/{OTHER}/1.json" in service.store.reads
            told = {key: value for key, value in pipeline(service).items() if key.startswith("feature_flag.")}
            assert told == {
                "feature_flag.key": "recommender-model",
                "feature_flag.provider.name": "file",
                "feature_flag.result.variant": OTHER,
                "feature_flag.result.reason": "split",
            }

    asyncio.run(scenario())


def test_a_rollout_begins_and_ends_while_users_are_served(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = prepare(tmp_path, 100)
        clear_rollout(store.flags)
        async with serve(store) as service:
            assert (await service.ask(1))["model_version"] == LIVE
            assert pipeline(service)["feature_flag.result.reason"] == "default"
            write_rollout(store.flags, {LIVE: 0, OTHER: 100})
            await until(lambda: uses(service, LIVE, OTHER), "the other version is used")
            assert (await service.ask(1))["model_version"] == OTHER
            clear_rollout(store.flags)
            await until(lambda: uses(service, LIVE), "the roll-out is over")
            assert (await service.ask(1))["model_version"] == LIVE
            assert service.total("recommendation.model.info", model_version=OTHER) == 0

    asyncio.run(scenario())


def test_a_roll_back_takes_no_storage(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = prepare(tmp_path, 100)
        async with serve(store) as service:
            assert (await service.ask(1))["model_version"] == OTHER
            store.errors["live.json"] = ConnectionError("storage is away")
            write_rollout(store.flags, {LIVE: 60, OTHER: 40})
            await until(lambda: splits(service), "the share is another")
            clear_rollout(store.flags)
            await until(lambda: uses(service, LIVE), "the roll-out is over")
            assert (await service.ask(1))["model_version"] == LIVE
            assert service.total("recommendation.model.info", model_version=OTHER) == 0

    async def splits(service: Service) -> bool:
        return set((await ask_all(service)).values()) == {LIVE, OTHER}

    asyncio.run(scenario())


def test_r22_a_roll_back_takes_less_than_ten_seconds_while_storage_hangs(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = prepare(tmp_path, 100)
        async with serve(store, model_poll_interval=RecommenderSettings().model_poll_interval) as service:
            assert await uses(service, LIVE, OTHER)
            store.reads.clear()
            hanging = store.gates["live.json"] = threading.Event()
            await until(lambda: "live.json" in store.reads, "a read hangs")
            clear_rollout(store.flags)
            decided = monotonic()
            await until(lambda: uses(service, LIVE), "the roll-out is over")
            assert monotonic() - decided < 10
            assert not hanging.is_set()
            hanging.set()

    asyncio.run(scenario())


def test_a_version_that_is_rolled_back_while_it_loads_is_never_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def scenario() -> None:
        store = prepare(tmp_path, 100)
        clear_rollout(store.flags)
        store.objects[f"materialised/{OTHER}.json"] = json.dumps({"computed_at": time()}).encode()
        async with serve(store) as service:
            arrays = f"models/{OTHER}/model.npz"
            hanging = store.gates[arrays] = threading.Event()
            write_rollout(store.flags, {LIVE: 0, OTHER: 100})
            await until(lambda: arrays in store.reads, "it loads")
            clear_rollout(store.flags)
            reads = store.reads.count("live.json")
            hanging.set()
            await until(lambda: store.reads.count("live.json") > reads + 1, "storage was read again")
            assert await uses(service, LIVE)

    asyncio.run(scenario())
    used = [line for line in capsys.readouterr().out.splitlines() if "versions in use" in line]
    assert len(used) == 1 and OTHER not in used[0]


def test_a_new_version_waits_for_its_features(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.demo.recommender.versions.PATIENCE_POLLS", 10_000)

    async def scenario() -> None:
        store = prepare(tmp_path, 100)
        clear_rollout(store.flags)
        said = f"materialised/{OTHER}.json"
        store.objects[said] = json.dumps({"computed_at": time() - 100}).encode()
        async with serve(store) as service:
            write_rollout(store.flags, {LIVE: 0, OTHER: 100})
            await until(lambda: store.reads.count(said) > 3, "it was asked for")
            assert (await service.ask(1))["model_version"] == LIVE
            store.objects[said] = json.dumps({"computed_at": time()}).encode()
            await until(lambda: uses(service, LIVE, OTHER), "it is used")
            assert (await service.ask(1))["model_version"] == OTHER

    asyncio.run(scenario())


def test_a_new_version_does_not_wait_for_ever(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = prepare(tmp_path, 100)
        clear_rollout(store.flags)
        async with serve(store) as service:
            write_rollout(store.flags, {LIVE: 0, OTHER: 100})
            await until(lambda: uses(service, LIVE, OTHER), "it is used")
            assert store.reads.count(f"materialised/{OTHER}.json") == PATIENCE_POLLS + 1

    asyncio.run(scenario())


def test_a_version_that_cannot_be_read_is_said_and_the_live_one_answers(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = prepare(tmp_path, 100)
        arrays = store.objects.pop(f"models/{OTHER}/model.npz")
        async with serve(store) as service:
            answer = await service.ask(1)
            assert (answer["model_version"], answer["reason"]) == (LIVE, "ok")
            assert pipeline(service)["feature_flag.result.reason"] == "error"
            degraded = (await service.client.get("/readyz")).json()["degraded"]
            assert f"models/{OTHER}/model.npz is not in bucket" in degraded
            store.objects[f"models/{OTHER}/model.npz"] = arrays
            await until(lambda: uses(service, LIVE, OTHER), "the mended version is used")
            assert (await service.client.get("/readyz")).json()["degraded"] is None

    asyncio.run(scenario())


def test_a_bad_flag_file_changes_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = prepare(tmp_path, 100)
        async with serve(store) as service:
            store.flags.write_text("{")
            polls = store.reads.count("live.json")
            await until(lambda: store.reads.count("live.json") > polls + 2, "it was read")
            assert (await service.ask(1))["model_version"] == OTHER

    asyncio.run(scenario())


def test_a_version_published_anew_under_its_name_is_read_again() -> None:
    async def scenario() -> None:
        store = published(LIVE)
        async with serve(store) as service:
            before = (await service.ask(1))["items"]
            store.publish(LIVE, seed=1)

            async def changed() -> bool:
                return bool((await service.ask(1))["items"] != before)

            await until(changed, "answers by the new arrays")
            assert store.reads.count(f"models/{LIVE}/model.npz") == 2
            assert service.total("recommendation.model.info", model_version=LIVE) == 1

    asyncio.run(scenario())


def test_an_older_card_of_the_same_version_is_no_longer_told_of() -> None:
    async def scenario() -> None:
        store = published(LIVE)
        async with serve(store) as service:
            store.publish(LIVE, seed=1, trained_at="2026-11-21T10:00:00Z")

            def told() -> bool:
                info = service.measure("recommendation.model.info")
                return sorted(info.values()) == [0, 1] and all(
                    value == ("2026-11-21" in json.dumps(dict(labels))) for labels, value in info.items()
                )

            await until(told, "only the new training is told of")

    asyncio.run(scenario())
