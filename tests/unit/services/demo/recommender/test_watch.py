"""The versions in use are watched with whence_monitor: questions, answers, and what was right."""

import asyncio
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, NumberDataPoint
from whence_monitor import make_reference

from services.demo.recommender.answers import Labels, Source
from services.demo.recommender.model import Model
from services.demo.recommender.shown import Closed, Event
from services.demo.recommender.watch import Watch
from tests.unit.services.demo.recommender.support import (
    FakeStore,
    Service,
    client_error,
    published,
    serve,
    until,
)

VERSION = "als4-aaaaaa"
WINDOW = 0.5


def profile() -> bytes:
    """Of users like those of the support's storage: factors of ones, three items seen."""
    random = np.random.default_rng(1)
    columns = {
        "factor_norm": 2 + random.normal(0, 0.1, 500),
        "seen_count": random.integers(1, 9, 500).astype(float),
        "top_score": random.normal(3, 1, 500),
    }
    return make_reference(columns, items=[str(item) for item in range(1, 151)]).to_json().encode()


def with_profile(content: bytes) -> FakeStore:
    store = published()
    store.objects[f"models/{VERSION}/monitor.json"] = content
    return store


async def watched(service: Service, quantity: str, at_least: float) -> None:
    def holds() -> bool:
        return bool(service.total("model.quality", quantity=quantity) >= at_least)

    await until(holds, f"{quantity} is {at_least}")


def test_answers_are_counted_with_the_features_they_were_made_from() -> None:
    async def scenario() -> None:
        async with serve(with_profile(profile())) as service:
            for user_id in (1, 2, 3, 3):
                await service.ask(user_id)
            assert service.total("model.predictions", model_name="recommendations", segment="heavy") == 2
            assert service.total("model.predictions", model_version=VERSION) == 4
            assert service.total("model.feature.values", feature="seen_count") == 4
            assert service.total("model.feature.values", feature="seen_count", bin="missing") == 0
            assert service.total("model.items.shown") == 40
            assert service.total("model.info", task="ranking", learned="no") == 1

    asyncio.run(scenario())


def test_what_was_clicked_is_judged_when_the_window_has_closed() -> None:
    async def scenario() -> None:
        async with serve(with_profile(profile()), attribution_window=WINDOW, feedback_retention=9) as service:
            answers = [await service.ask(1), await service.ask(2)]
            body = {
                "request_id": answers[0]["request_id"],
                "item_id": answers[0]["items"][1]["item_id"],
                "event": Event.CLICK,
            }
            assert (await service.client.post("/feedback", json=body)).status_code == 202
            await watched(service, "judged", 2)
            assert service.total("model.quality", quantity="hits") == 1
            assert service.total("model.quality", quantity="reciprocal_rank") == pytest.approx(0.5)
            assert service.total("model.labels", segment="light") == 1

    asyncio.run(scenario())


def test_the_popular_list_tells_nothing_about_a_version() -> None:
    async def scenario() -> None:
        store = with_profile(profile())
        store.errors[f"features/{VERSION}/1.json"] = client_error("NoSuchKey", 404)
        async with serve(store, attribution_window=WINDOW, feedback_retention=9) as service:
            assert (await service.ask(1))["source"] == "popular"
            assert (await service.ask(2))["source"] == "personalised"
            await watched(service, "judged", 1)
            assert (
                service.total("model.predictions") == service.total("model.quality", quantity="judged") == 1
            )

    asyncio.run(scenario())


@pytest.mark.parametrize(("source", "drifts"), [(Source.POPULAR, False), (Source.STALE, True)])
def test_worse_answers_are_concept_drift_only_where_the_version_made_them(
    source: Source, drifts: bool
) -> None:
    """While storage is slow, users get the popular list, which few click."""
    reader = InMemoryMetricReader()
    watch = Watch(MeterProvider([reader]), WINDOW)
    watch.prepare([cast(Model, SimpleNamespace(version=VERSION, dataset_id="d", reference=None))])

    def close(source: Source, answers: int, hit_each: int) -> None:
        labels = Labels(source, VERSION, "light")
        for number in range(answers):
            watch.judge(Closed(labels, 1, (7, 8), () if number % hit_each else (0,)))

    close(Source.PERSONALISED, 1000, hit_each=2)
    close(source, 1000, hit_each=10)
    data = reader.get_metrics_data()
    assert data is not None
    levels = [
        point.value
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
        if metric.name == "model.concept.drift" and isinstance(point, NumberDataPoint)
    ]
    assert [level >= 1 for level in levels] == [drifts]


def test_a_version_out_of_use_is_no_longer_exported() -> None:
    async def scenario() -> None:
        store = with_profile(profile())
        async with serve(store) as service:
            await service.ask(1)
            store.publish("als4-bbbbbb")
            await until(lambda: _versions(service) == {"als4-bbbbbb"}, "only the new version is watched")
            await service.ask(1)
            assert service.total("model.predictions", model_version="als4-bbbbbb") == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("content", [b"{", b'{"format": "another"}'])
def test_without_a_usable_profile_answers_go_on_and_it_is_said(
    content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    async def scenario() -> None:
        async with serve(with_profile(content)) as service:
            assert (await service.ask(1))["source"] == "personalised"
            assert service.total("model.predictions") == 1

    asyncio.run(scenario())
    assert "train again" in capsys.readouterr().out


def _versions(service: Service) -> set[str]:
    return {dict(labels)["model.version"] for labels in service.measure("model.info")}
