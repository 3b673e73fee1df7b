"""What becomes of a fetch that nobody waits for any more."""

import asyncio
import threading
from typing import Any

import pytest

from services.demo.recommender.feature_store import InvalidFeatures, Owner, StaleCopies, parse_features
from tests.unit.services.demo.recommender.support import (
    FakeStore,
    Service,
    make_features,
    published,
    serve,
    until,
)

DEADLINE = 0.05
DURATION = "storage.operation.duration"


def fetches(service: Service, outcome: str) -> list[Any]:
    return [point for labels, point in service.measure(DURATION).items() if ("outcome", outcome) in labels]


def test_a_late_fetch_goes_on_and_refreshes_the_copy() -> None:
    async def scenario() -> None:
        store = published()
        gate = store.hold(1)
        async with serve(store) as service:
            assert (await service.ask(1))["source"] == "popular"
            gate.set()
            await until(lambda: len(service.spans("S3/GetObject")) == 1, "the fetch has ended")
            store.hold(1).clear()
            late = await service.ask(1)
            if late["source"] == "personalised":  # it joined the fetch that was just ending
                late = await service.ask(1)
            assert (late["source"], late["reason"]) == ("stale", "storage_deadline")
            gate.set()

    asyncio.run(scenario())


def test_the_true_duration_of_a_late_fetch_is_recorded_in_its_own_trace() -> None:
    async def scenario() -> None:
        store = published()
        gate = store.hold(1)
        async with serve(store, storage_deadline=DEADLINE) as service:
            answer = await service.ask(1)
            assert not fetches(service, "ok")
            gate.set()
            await until(lambda: bool(service.spans("S3/GetObject")), "the fetch has ended")
            (point,) = fetches(service, "ok")
            assert point.count == 1 and point.sum > DEADLINE
            (fetch,) = service.spans("S3/GetObject")
            assert f"{fetch.context.trace_id:032x}" == answer["trace_id"]
            assert {exemplar.span_id for exemplar in point.exemplars} == {fetch.context.span_id}

    asyncio.run(scenario())


def test_a_fetch_is_given_up_at_the_hard_limit_but_keeps_its_place() -> None:
    async def scenario() -> None:
        store = published()
        gate = store.hold(1)
        async with serve(store, storage_hard_limit=0.1, storage_concurrency=1) as service:
            await service.ask(1)
            await until(lambda: bool(service.spans("S3/GetObject")), "the fetch was given up")
            (point,) = fetches(service, "timeout")
            assert 0.1 <= point.sum < 1.0
            assert service.attributes("S3/GetObject")["error.type"] == "hard_limit"
            assert (await service.ask(2))["reason"] == "storage_busy"
            gate.set()
            await until(lambda: service.total("storage.operation.active") == 0, "the thread is back")
            assert (await service.ask(2))["reason"] == "ok"

    asyncio.run(scenario())


def test_requests_for_one_user_share_a_fetch_and_say_so() -> None:
    async def scenario() -> None:
        store = published()
        gate = store.hold(1)
        async with serve(store, storage_deadline=2.0) as service:
            asking = [asyncio.create_task(service.ask(1)) for _ in range(3)]
            await until(lambda: service.total("storage.operation.active") == 1, "the fetch has begun")
            gate.set()
            answers = await asyncio.gather(*asking)
            assert {answer["reason"] for answer in answers} == {"ok"}
            (fetch,) = service.spans("S3/GetObject")
            links = [link.context for span in service.spans("load_features") for link in span.links]
            assert [link.span_id for link in links] == [fetch.context.span_id] * 2
        assert store.reads.count("features/als4-aaaaaa/1.json") == 1

    asyncio.run(scenario())


def test_no_more_fetches_than_allowed_are_ever_under_way() -> None:
    class CountingStore(FakeStore):
        def __init__(self) -> None:
            super().__init__()
            self.lock, self.now, self.most = threading.Lock(), 0, 0

        def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
            with self.lock:
                self.now += Key.startswith("features/")
                self.most = max(self.most, self.now)
            try:
                return super().get_object(Bucket=Bucket, Key=Key)
            finally:
                with self.lock:
                    self.now -= Key.startswith("features/")

    async def scenario() -> CountingStore:
        store = CountingStore()
        store.publish("als4-aaaaaa")
        async with serve(store, storage_concurrency=2, storage_deadline=2.0) as service:
            for _ in range(25):
                await asyncio.gather(*(service.ask(user) for user in (1, 2, 3, 4)))
        return store

    assert asyncio.run(scenario()).most <= 2


def test_stopping_does_not_wait_for_a_hanging_fetch() -> None:
    async def scenario() -> None:
        store = published()
        gate = store.hold(1)
        async with serve(store) as service:
            await service.ask(1)
        (fetch,) = service.spans("S3/GetObject")
        assert fetch.end_time is not None
        gate.set()

    asyncio.run(scenario())


def test_copies_are_bounded_and_the_oldest_goes_first() -> None:
    copies = StaleCopies(capacity=2, max_age=60)
    features = parse_features(make_features(1), 1, 4)
    for user_id in (1, 2, 1, 3):
        copies.put(Owner("v", "", user_id), features)
    assert [copies.get(Owner("v", "", user_id)) is features for user_id in (1, 2, 3)] == [True, False, True]


def test_features_are_parsed() -> None:
    features = parse_features(make_features(7, factors=[0.5, -1.0], seen=[3, 9]), 7, 2)
    assert features.factors.tolist() == [0.5, -1.0] and features.factors.dtype == "float32"
    assert features.seen.tolist() == [3, 9]


def test_features_of_a_user_who_saw_nothing_are_valid() -> None:
    assert parse_features(make_features(7, seen=[]), 7, 4).seen.size == 0


def test_features_of_another_user_are_refused() -> None:
    with pytest.raises(InvalidFeatures, match="another user"):
        parse_features(make_features(7), 8, 4)
