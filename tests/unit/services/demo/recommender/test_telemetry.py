"""What a request emits, against the registry in telemetry/."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

from services.demo.flags import write_rollout
from telemetry import spans as registry
from telemetry.instruments import (
    EVENT_LOOP_LAG,
    INSTRUMENTS,
    RECOMMENDATION_STORE_FAILURES,
    RECOMMENDATION_WORKER_DEATHS,
    SHADOW_AGREEMENT,
    SHADOW_CPU_TIME,
    SHADOW_RANK_BIASED_OVERLAP,
    SHADOW_REQUESTS,
    THREAD_POOL_ACTIVE,
    THREAD_POOL_LIMIT,
)
from tests.unit.services.demo.recommender.support import (
    Service,
    client_error,
    make_features,
    published,
    serve,
    until,
)

OF_ANY_SERVER = {EVENT_LOOP_LAG, THREAD_POOL_ACTIVE, THREAD_POOL_LIMIT}
"""Recorded by what serves the app: tests/unit/services/instrumentation/test_event_loop.py."""
OF_SEVERAL_WORKERS = {RECOMMENDATION_STORE_FAILURES, RECOMMENDATION_WORKER_DEATHS}
"""Recorded by one of several: tests/e2e/stack/test_workers.py."""
OF_THE_SHADOW = {SHADOW_AGREEMENT, SHADOW_CPU_TIME, SHADOW_RANK_BIASED_OVERLAP, SHADOW_REQUESTS}
"""Recorded while a version answers in the shadow: test_shadow.py."""
EXPECTED = {span.name: span for span in registry.SPANS}


async def emit_all(service: Service) -> None:
    """Make every instrument of the recommender record something."""
    answer = await service.ask(1)
    del service.store.objects["features/als4-aaaaaa/4.json"]
    await service.ask(4)
    service.store.errors["features/als4-aaaaaa/2.json"] = client_error("SlowDown", 503)
    await service.ask(2)
    for event in ("click", "thumbs_up"):
        item = {"request_id": answer["request_id"], "item_id": answer["items"][0]["item_id"], "event": event}
        assert (await service.client.post("/feedback", json=item)).status_code == 202
    await until(lambda: service.total("recommendation.labelled") == 3, "the windows have closed")


def trace_of(service: Service, answer: dict[str, Any]) -> dict[str, ReadableSpan]:
    spans = service.exporter.get_finished_spans()
    return {span.name: span for span in spans if f"{span.context.trace_id:032x}" == answer["trace_id"]}


def test_a_request_makes_the_spans_of_the_registry_with_their_parents_kinds_and_attributes() -> None:
    async def scenario() -> None:
        async with serve(published()) as service:
            spans = trace_of(service, await service.ask(1))
        assert set(spans) == set(EXPECTED)
        for name, expected in EXPECTED.items():
            span = spans[name]
            parent = spans[expected.parent].context.span_id if expected.parent else None
            assert (span.parent.span_id if span.parent else None) == parent, name
            assert span.kind is SpanKind[expected.kind.upper()], name
            assert set(expected.attributes) <= set(span.attributes or {}), name

    asyncio.run(scenario())


def test_r13_the_pipeline_span_tells_version_data_set_and_flag_and_nothing_personal() -> None:
    async def scenario() -> None:
        async with serve(published()) as service:
            answer = await service.ask(3)
            spans = trace_of(service, answer)
        attributes = service.attributes("ai_inference_pipeline")
        assert 0 < attributes.pop("storage_latency_ms") < 50
        assert attributes == {
            "model_prediction": answer["items"][0]["item_id"],
            "model.version": "als4-aaaaaa",
            "dataset.id": "0123456789ab",
            "recommendation.source": "personalised",
            "recommendation.reason": "ok",
            "user.segment": "heavy",
            "feature_flag.key": "recommender-model",
            "feature_flag.provider.name": "file",
            "feature_flag.result.variant": "als4-aaaaaa",
            "feature_flag.result.reason": "default",
        }
        storage = service.attributes("S3/GetObject")
        assert storage["aws.request_id"] == "0123456789ABCDEF"
        assert storage["http.response.status_code"] == 200
        assert not [
            value
            for span in spans.values()
            for value in (span.attributes or {}).values()
            if "features/" in str(value)
        ]

    asyncio.run(scenario())


def test_the_wait_of_a_request_that_missed_the_deadline_is_measured() -> None:
    async def scenario() -> None:
        store = published()
        gate = store.hold(1)
        async with serve(store, storage_deadline=0.05) as service:
            spans = trace_of(service, await service.ask(1))
            assert service.attributes("ai_inference_pipeline")["storage_latency_ms"] >= 50
            assert "S3/GetObject" not in spans and "score" not in spans
            gate.set()

    asyncio.run(scenario())


def test_a_fetch_that_outlives_its_request_is_still_its_child() -> None:
    async def scenario() -> None:
        store = published()
        gate = store.hold(1)
        async with serve(store) as service:
            answer = await service.ask(1)
            gate.set()
            await until(lambda: bool(service.spans("S3/GetObject")), "the fetch has ended")
            spans = trace_of(service, answer)
        parent, child = spans["load_features"], spans["S3/GetObject"]
        assert child.parent and child.parent.span_id == parent.context.span_id
        assert (child.end_time or 0) > (parent.end_time or 0)

    asyncio.run(scenario())


def test_an_unknown_user_waited_for_nothing() -> None:
    async def scenario() -> None:
        async with serve(published()) as service:
            answer = await service.ask(99)
            spans = trace_of(service, answer)
        pipeline = service.attributes("ai_inference_pipeline")
        assert pipeline["storage_latency_ms"] == 0.0
        assert pipeline["model_prediction"] == 100
        assert pipeline["user.segment"] == "unknown"
        assert "load_features" not in spans

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("damage", "outcome", "error_type", "status"),
    [
        (client_error("SlowDown", 503), "error", "throttled", 503),
        (client_error("NoSuchKey", 404), "ok", None, 404),
        (RuntimeError("broken pipe"), "error", "_OTHER", None),
    ],
    ids=["refused", "absent", "broken"],
)
def test_a_storage_operation_is_measured_by_its_outcome(
    damage: Exception, outcome: str, error_type: str | None, status: int | None
) -> None:
    async def scenario() -> None:
        store = published()
        store.errors["features/als4-aaaaaa/1.json"] = damage
        async with serve(store) as service:
            await service.ask(1)
            (labels,) = service.measure("storage.operation.duration")
            answered = [labels] if status else []
            assert list(service.measure("storage.operation.first_byte")) == answered
            (span,) = service.spans("S3/GetObject")
        expected = {"operation": "GetObject", "outcome": outcome, "error.type": error_type}
        assert dict(labels) == {key: value for key, value in expected.items() if value}
        assert (span.attributes or {}).get("http.response.status_code") == status
        assert (span.status.status_code is StatusCode.ERROR) == (error_type is not None)

    asyncio.run(scenario())


def test_every_instrument_of_the_recommender_records_with_the_attributes_of_the_registry(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        store = published()
        store.flags = tmp_path / "flags.json"
        write_rollout(store.flags, {"als4-aaaaaa": 100})
        store.objects["features/als4-aaaaaa/3.json"] = make_features(3, factors=[1.0])
        async with serve(store, attribution_window=0.1) as service:
            await emit_all(service)
            await service.ask(3)
            others = OF_ANY_SERVER | OF_SEVERAL_WORKERS | OF_THE_SHADOW
            own = [i for i in INSTRUMENTS if i.service == "recommender" and i not in others]
            await until(lambda: all(service.measure(i.name) for i in own), "every instrument has recorded")
            for instrument in own:
                points = service.measure(instrument.name)
                assert points, instrument.name
                used = {key for labels in points for key, _ in labels}
                assert used <= set(instrument.attributes), instrument.name

    asyncio.run(scenario())


def test_counts_say_what_happened() -> None:
    async def scenario() -> None:
        async with serve(published(), attribution_window=0.1) as service:
            await emit_all(service)
            assert service.total("recommendation.requests", source="personalised", reason="ok") == 1
            assert service.total("recommendation.requests", source="popular", reason="features_missing") == 1
            assert service.total("recommendation.requests", source="popular", reason="storage_error") == 1
            assert service.total("recommendation.feature.missing", feature="user_factors") == 1
            assert service.total("storage.transfer.size") == len(
                service.store.objects["features/als4-aaaaaa/1.json"]
            )
            assert service.total("storage.operation.active") == 0
            (age,) = service.measure("recommendation.feature.age").values()
            assert age.count == 1 and 0 <= age.sum < 60
            stages = {
                dict(labels)["stage"]: p.count
                for labels, p in service.measure("recommendation.duration").items()
            }
            assert stages == {"total": 3, "load_features": 3, "score": 1, "rank": 3}

    asyncio.run(scenario())


def test_the_first_byte_comes_before_the_last_and_in_the_same_trace() -> None:
    async def scenario() -> None:
        async with serve(published(), storage_concurrency=7) as service:
            answer = await service.ask(1)
            (first,) = service.measure("storage.operation.first_byte").values()
            (whole,) = service.measure("storage.operation.duration").values()
            assert 0 < first.sum <= whole.sum
            assert [f"{exemplar.trace_id:032x}" for exemplar in first.exemplars] == [answer["trace_id"]]
            assert service.total("storage.operation.limit", operation="GetObject") == 7

    asyncio.run(scenario())


def test_without_telemetry_answers_have_no_trace_id() -> None:
    async def scenario() -> None:
        async with serve(published(), telemetry_off=True) as service:
            answer = await service.ask(1)
        assert answer["trace_id"] is None and answer["reason"] == "ok"

    asyncio.run(scenario())
