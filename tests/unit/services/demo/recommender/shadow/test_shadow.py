"""Answers in the shadow: what is recorded, and that users notice nothing of it."""

import asyncio
import threading
import time
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from services.demo.flags import FlagError, clear_shadow, read_shadow, write_rollout, write_shadow
from services.demo.recommender.shadow.shadow import QUEUED
from tests.unit.services.demo.recommender.support import (
    PATIENCE,
    FakeStore,
    Service,
    make_features,
    published,
    until,
)
from tests.unit.services.demo.recommender.support import serve as serve_with

LIVE, OTHER = "als4-aaaaaa", "als4-bbbbbb"
PATIENT: dict[str, Any] = {"storage_deadline": 1.0, "shadow_max_lag": 1.0, "shadow_processor": 1.0}
"""So that a busy machine does not keep the shadow from answering."""


def serve(store: FakeStore, **settings: Any) -> AbstractAsyncContextManager[Service]:
    """A recommender that is patient but for `settings`."""
    return serve_with(store, **(PATIENT | settings))


def prepare(tmp_path: Path, share: float = 1.0) -> FakeStore:
    """A storage with two versions, the first one live, the second in the shadow."""
    store = published(LIVE)
    store.publish(OTHER, seed=7, live=False)
    store.flags = tmp_path / "flags.json"
    write_shadow(tmp_path / "shadow.json", OTHER, share)
    return store


async def in_use(service: Service) -> bool:
    return bool((await service.client.get("/readyz")).json()["shadow"] == OTHER)


async def counted(service: Service, outcome: str, at_least: int = 1) -> None:
    def enough() -> bool:
        return int(service.total("shadow.requests", outcome=outcome)) >= at_least

    await until(enough, f"{at_least} requests with the outcome {outcome}")


def items(answer: dict[str, Any]) -> tuple[int, ...]:
    return tuple(item["item_id"] for item in answer["items"])


def test_r15_both_versions_answer_the_same_request_and_its_trace_has_both(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = prepare(tmp_path)
        async with serve(store) as service:
            await until(lambda: in_use(service), "the version is in the shadow")
            answer = await service.ask(3, k=5)
            await until(lambda: bool(service.spans("shadow_answer")), "an answer in the shadow")
            (span,), (pipeline,) = service.spans("shadow_answer"), service.spans("ai_inference_pipeline")
            assert span.parent is not None and span.parent.span_id == pipeline.context.span_id
            assert f"{span.context.trace_id:032x}" == answer["trace_id"]
            told = dict(span.attributes or {})
            assert answer["model_version"] == LIVE
            assert (told["model.version"], told["shadow.model.version"]) == (LIVE, OTHER)
            assert told["recommendation.items"] == items(answer)
            write_rollout(store.flags, {OTHER: 100})
            await until(lambda: answers(service), "the other version answers users")
            assert told["shadow.items"] == items(await service.ask(3, k=5))
            common = set(told["shadow.items"]) & set(told["recommendation.items"])
            assert told["shadow.agreement"] == len(common) / 5
            assert told["user.segment"] == "heavy"

    async def answers(service: Service) -> bool:
        return bool((await service.ask(3))["model_version"] == OTHER)

    asyncio.run(scenario())


def test_r15_agreement_is_measured_by_segment_and_names_no_user(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serve(prepare(tmp_path)) as service:
            await until(lambda: in_use(service), "the version is in the shadow")
            for user in (1, 2, 3, 4):
                await service.ask(user)
            await counted(service, "answered", 4)
            for name in ("shadow.agreement", "shadow.rank_biased_overlap"):
                found = {frozenset(labels): point for labels, point in service.measure(name).items()}
                of = {("model.version", LIVE), ("shadow.model.version", OTHER)}
                counts = {"light": 2, "regular": 1, "heavy": 1}
                assert {labels: point.count for labels, point in found.items()} == {
                    frozenset(of | {("segment", segment)}): count for segment, count in counts.items()
                }
                assert all(0 <= point.min <= point.max <= 1 for point in found.values())
            assert service.total("shadow.cpu.time") > 0
            told = dict(service.spans("shadow_answer")[0].attributes or {})
            assert not [key for key in told if "user.id" in key or "user_id" in key]

    asyncio.run(scenario())


def test_nothing_is_compared_with_the_popular_list_or_with_itself(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = prepare(tmp_path)
        del store.objects[f"features/{LIVE}/1.json"]
        async with serve(store) as service:
            await until(lambda: in_use(service), "the version is in the shadow")
            assert (await service.ask(1))["source"] == "popular"
            assert (await service.ask(77))["reason"] == "unknown_user"
            await service.ask(2)
            await counted(service, "answered")
            write_shadow(tmp_path / "shadow.json", LIVE, 1)
            await until(lambda: of_itself(service), "the live version is in its own shadow")
            await service.ask(2)
            assert service.total("shadow.requests") == 1

    async def of_itself(service: Service) -> bool:
        return bool((await service.client.get("/readyz")).json()["shadow"] == LIVE)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (None, "features_missing"),
        (b"{", "features_invalid"),
        (make_features(1, computed_at=1.0), "features_expired"),
        (ConnectionError("away"), "storage_error"),
    ],
)
def test_what_keeps_a_version_from_answering_is_counted(
    tmp_path: Path, body: bytes | Exception | None, outcome: str
) -> None:
    async def scenario() -> None:
        store = prepare(tmp_path)
        key = f"features/{OTHER}/1.json"
        del store.objects[key]
        if isinstance(body, Exception):
            store.errors[key] = body
        elif body:
            store.objects[key] = body
        async with serve(store) as service:
            await until(lambda: in_use(service), "the version is in the shadow")
            assert (await service.ask(1))["source"] == "personalised"
            await counted(service, outcome)
            assert not service.spans("shadow_answer")

    asyncio.run(scenario())


def test_more_than_the_queue_holds_is_dropped_and_counted(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = prepare(tmp_path)
        gate = store.hold(1, OTHER)
        async with serve(store) as service:
            await until(lambda: in_use(service), "the version is in the shadow")
            await service.ask(1)
            await until(lambda: bool(store.shadow_reads), "the thread waits for storage")
            for _ in range(QUEUED + 3):
                assert (await service.ask(2))["source"] == "personalised"
            assert service.total("shadow.requests", outcome="queue_full") == 3
            gate.set()
            await counted(service, "answered", QUEUED + 1)

    asyncio.run(scenario())


def test_nothing_is_answered_in_the_shadow_while_storage_is_busy_with_users(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = prepare(tmp_path)
        async with serve(store, shadow_max_active=1, storage_deadline=0.5) as service:
            await until(lambda: in_use(service), "the version is in the shadow")
            gate = store.hold(1, LIVE)
            await service.ask(1)
            await service.ask(2)
            await counted(service, "busy")
            gate.set()
            assert not store.shadow_reads

    asyncio.run(scenario())


def test_nothing_is_answered_in_the_shadow_while_the_event_loop_is_late(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = prepare(tmp_path)
        gate = store.hold(1, OTHER)
        async with serve(store, shadow_max_lag=0.5) as service:
            await until(lambda: in_use(service), "the version is in the shadow")
            await service.ask(1)
            await until(lambda: bool(store.shadow_reads), "the thread waits for storage")
            await service.ask(2)
            gate.set()
            hold_the_event_loop_until_busy(service)
            assert store.shadow_reads == [f"features/{OTHER}/1.json"]

    def hold_the_event_loop_until_busy(service: Service) -> None:
        end, pause = time.monotonic() + PATIENCE, threading.Event()
        while not service.total("shadow.requests", outcome="busy"):
            assert time.monotonic() < end, "never busy"
            pause.wait(0.005)

    asyncio.run(scenario())


def test_a_shadow_comes_and_goes_and_one_that_is_not_there_harms_nobody(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = prepare(tmp_path)
        write_shadow(tmp_path / "shadow.json", "als9-cccccc", 0.5)
        async with serve(store) as service:
            await until(lambda: "models/als9-cccccc/card.json" in store.reads, "it was looked for")
            assert (await service.ask(1))["source"] == "personalised"
            ready = (await service.client.get("/readyz")).json()
            assert ready["shadow"] is None and "als9-cccccc" in ready["degraded"]
            write_shadow(tmp_path / "shadow.json", OTHER, 0.5)
            await until(lambda: in_use(service), "the version is in the shadow")
            clear_shadow(tmp_path / "shadow.json")
            await until(lambda: gone(service), "no version is in the shadow")

    async def gone(service: Service) -> bool:
        return not await in_use(service)

    asyncio.run(scenario())


def test_a_share_of_the_requests_is_answered(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serve(prepare(tmp_path, share=0.3)) as service:
            await until(lambda: in_use(service), "the version is in the shadow")
            for _ in range(200):
                await service.ask(1)
            assert 20 < service.total("shadow.requests") < 110

    asyncio.run(scenario())


@pytest.mark.parametrize(("version", "share"), [("../live", 0.1), (OTHER, 0.0), (OTHER, 1.5)])
def test_a_bad_shadow_is_refused(tmp_path: Path, version: str, share: float) -> None:
    file = tmp_path / "shadow.json"
    with pytest.raises(FlagError):
        write_shadow(file, version, share)
    assert read_shadow(file) is None
    file.write_text('{"version": "a"}')
    with pytest.raises(FlagError, match="share"):
        read_shadow(file)
