"""Every source and reason an answer can have, through the HTTP interface; storage trouble is never a 500."""

import asyncio
from time import time
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from tests.unit.services.demo.recommender.support import (
    FakeStore,
    client_error,
    make_features,
    published,
    serve,
)

KEY = "features/als4-aaaaaa/1.json"
POPULAR = list(range(100, 90, -1))


def item_ids(answer: dict[str, Any]) -> list[int]:
    return [item["item_id"] for item in answer["items"]]


def ask_once(store: FakeStore, user_id: int = 1, **settings: Any) -> dict[str, Any]:
    async def ask() -> dict[str, Any]:
        async with serve(store, **settings) as service:
            return await service.ask(user_id)

    return asyncio.run(ask())


def test_a_known_user_gets_unseen_items_best_first() -> None:
    answer = ask_once(published())
    scores = [item["score"] for item in answer["items"]]
    assert (answer["source"], answer["reason"]) == ("personalised", "ok")
    assert len(answer["items"]) == 10 and scores == sorted(scores, reverse=True)
    assert not {1, 2, 3} & set(item_ids(answer))
    assert answer["model_version"] == "als4-aaaaaa" and answer["dataset_id"] == "0123456789ab"


def test_an_unknown_user_gets_the_popular_list_without_asking_storage() -> None:
    store = published()
    answer = ask_once(store, user_id=99)
    assert (answer["source"], answer["reason"]) == ("popular", "unknown_user")
    assert item_ids(answer) == POPULAR
    assert not [key for key in store.reads if key.startswith("features/")]


def test_a_user_id_beyond_32_bits_is_an_unknown_user() -> None:
    assert ask_once(published(), user_id=2**62)["reason"] == "unknown_user"


@pytest.mark.parametrize(
    "error",
    [
        client_error("SlowDown", 503),
        client_error("AccessDenied", 403),
        client_error("NoSuchBucket", 404),
        EndpointConnectionError(endpoint_url="http://127.0.0.1:9100"),
        ReadTimeoutError(endpoint_url="http://127.0.0.1:9100"),
        RuntimeError("a bug in the client"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_storage_error_gives_the_popular_list(error: Exception) -> None:
    store = published()
    store.errors[KEY] = error
    answer = ask_once(store)
    assert (answer["source"], answer["reason"]) == ("popular", "storage_error")
    assert item_ids(answer) == POPULAR


def test_a_body_cut_short_on_its_way_is_an_error_of_storage_not_of_the_features() -> None:
    store = published()
    store.cut.add(KEY)
    assert ask_once(store)["reason"] == "storage_error"


def test_a_missing_object_gives_the_popular_list() -> None:
    store = published()
    del store.objects[KEY]
    answer = ask_once(store)
    assert (answer["source"], answer["reason"]) == ("popular", "features_missing")


def test_features_too_old_are_not_used_and_their_age_is_measured() -> None:
    async def scenario() -> None:
        store = published()
        store.objects[KEY] = make_features(1, computed_at=time() - 60)
        async with serve(store, feature_max_age=50) as service:
            answer = await service.ask(1)
            assert (answer["source"], answer["reason"]) == ("popular", "features_expired")
            (age,) = service.measure("recommendation.feature.age").values()
            assert age.count == 1 and 60 <= age.sum < 70
            store.objects[KEY] = make_features(1, computed_at=time() - 40)
            assert (await service.ask(1))["reason"] == "ok"
            store.objects[KEY] = make_features(1, computed_at=time() - 60)
            assert (await service.ask(1))["source"] == "popular", "a copy does not stand in for the expired"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{not json",
        b"[]",
        make_features(2),
        make_features(1, factors=[1.0] * 3),
        make_features(1, factors=["NaN"] * 4),
        make_features(1, factors=[1e300] * 4),
        make_features(1, factors=[1.0, 2.0, 3.0, float("inf")]),
        make_features(1, factors=[3e38] * 4),
        make_features(1, computed_at=float("nan")),
        make_features(1, computed_at=1000 * time()),
        make_features(1, seen=[2**40]),
        make_features(1, segment="x" * (1 << 20)),
    ],
    ids=[
        "empty",
        "cut",
        "list",
        "user",
        "length",
        "nan",
        "overflow",
        "inf",
        "large",
        "time",
        "ms",
        "seen",
        "size",
    ],
)
def test_an_invalid_object_gives_the_popular_list(body: bytes) -> None:
    store = published()
    store.objects[KEY] = body
    answer = ask_once(store)
    assert (answer["source"], answer["reason"]) == ("popular", "features_invalid")


def test_a_late_storage_gives_the_popular_list_where_there_is_no_copy() -> None:
    async def scenario() -> None:
        store = published()
        gate = store.hold(1)
        async with serve(store) as service:
            answer = await service.ask(1)
            gate.set()
        assert (answer["source"], answer["reason"]) == ("popular", "storage_deadline")

    asyncio.run(scenario())


def test_saturation_is_said_and_sends_nothing_to_storage() -> None:
    async def scenario() -> None:
        store = published()
        gates = [store.hold(1), store.hold(2)]
        async with serve(store, storage_concurrency=2) as service:
            answers = await asyncio.gather(*(service.ask(user) for user in (1, 2, 3, 4)))
            for gate in gates:
                gate.set()
        assert [answer["reason"] for answer in answers] == ["storage_deadline"] * 2 + ["storage_busy"] * 2
        assert sorted(key for key in store.reads if key.startswith("features/")) == [
            "features/als4-aaaaaa/1.json",
            "features/als4-aaaaaa/2.json",
        ]

    asyncio.run(scenario())
