"""Stale copies: which ones answer in the place of storage, and which do not."""

import asyncio
from time import time

import pytest

from services.demo.recommender import feature_store
from tests.unit.services.demo.recommender.support import (
    client_error,
    published,
    serve,
    until,
)

KEY = "features/als4-aaaaaa/1.json"


def test_a_copy_young_enough_answers_for_late_failing_and_saturated_storage() -> None:
    async def scenario() -> None:
        store = published()
        async with serve(store, storage_concurrency=1) as service:
            fresh = await service.ask(1)
            store.errors[KEY] = client_error("InternalError", 500)
            failing = await service.ask(1)
            del store.errors[KEY]
            gate = store.hold(1)
            late = await service.ask(1)
            blocker = store.hold(2)
            gate.set()
            await until(lambda: service.total("storage.operation.active") == 0, "the fetch has ended")
            await service.ask(2)
            saturated = await service.ask(1)
            blocker.set()
        for answer, reason in ((failing, "error"), (late, "deadline"), (saturated, "busy")):
            assert (answer["source"], answer["reason"]) == ("stale", f"storage_{reason}")
            assert answer["items"] == fresh["items"]

    asyncio.run(scenario())


def test_a_copy_too_old_is_not_used() -> None:
    async def scenario() -> None:
        store = published()
        async with serve(store, stale_max_age=0.0) as service:
            await service.ask(1)
            store.errors[KEY] = client_error("InternalError", 500)
            assert (await service.ask(1))["source"] == "popular"

    asyncio.run(scenario())


def test_a_copy_of_another_version_is_not_used() -> None:
    async def scenario() -> None:
        store = published()
        async with serve(store) as service:
            await service.ask(1)
            store.publish("als8-bbbbbb", factors=8)
            store.errors["features/als8-bbbbbb/1.json"] = client_error("InternalError", 500)

            async def switched() -> bool:
                return bool((await service.ask(99))["model_version"] == "als8-bbbbbb")

            await until(switched, "the new version is live")
            assert (await service.ask(1))["source"] == "popular"

    asyncio.run(scenario())


def test_a_copy_of_what_was_published_before_under_the_same_name_is_not_used() -> None:
    async def scenario() -> None:
        store = published()
        async with serve(store) as service:
            assert (await service.ask(1))["reason"] == "ok"
            store.publish("als4-aaaaaa", factors=8)
            store.errors[KEY] = client_error("InternalError", 500)

            async def changed() -> bool:
                answer = await service.ask(1)
                return bool(answer["source"] == "popular")

            await until(changed, "the copy is not used")
            del store.errors[KEY]
            assert (await service.ask(1))["reason"] == "ok"

    asyncio.run(scenario())


def test_a_copy_that_expired_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        store = published()
        async with serve(store, feature_max_age=50, stale_max_age=600) as service:
            assert (await service.ask(1))["reason"] == "ok"
            store.errors[KEY] = client_error("InternalError", 500)
            assert (await service.ask(1))["source"] == "stale"
            later = time() + 100
            monkeypatch.setattr(feature_store, "time", lambda: later)
            assert (await service.ask(1))["source"] == "popular"

    asyncio.run(scenario())
