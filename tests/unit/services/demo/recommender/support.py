"""A recommender with a storage that does as the test says, and telemetry kept in memory."""

import asyncio
import hashlib
import io
import json
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import time
from typing import Any, cast
from unittest.mock import patch

import httpx
import numpy as np
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from fastapi import FastAPI
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, NumberDataPoint
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from services.demo.features.bucket import BucketError
from services.demo.flags.file import FlagFile, ShadowFile
from services.demo.recommender.app import create_app
from services.demo.recommender.connection import Connection
from services.demo.recommender.settings import RecommenderSettings
from services.demo.recommender.shadow.shadow import ShadowSource
from services.demo.storage.artefacts import ModelArrays
from services.demo.storage.client import ObjectStore
from services.instrumentation import ServerTelemetry, Telemetry, start_telemetry

PATIENCE = 30.0
ITEMS = 150
FACTORS = 4
USERS = {1: "light", 2: "regular", 3: "heavy", 4: "light"}
Labels = frozenset[tuple[str, Any]]


def make_arrays(factors: int = FACTORS, seed: int = 0) -> ModelArrays:
    """A small valid model whose popular list is the items 100, 99, … 1."""
    codes = {"light": 0, "regular": 1, "heavy": 2}
    return ModelArrays(
        item_ids=np.arange(1, ITEMS + 1, dtype=np.int32),
        item_factors=np.random.default_rng(seed).normal(size=(ITEMS, factors)).astype(np.float32),
        popular=np.arange(100, 0, -1, dtype=np.int32),
        user_ids=np.array(sorted(USERS), dtype=np.int32),
        user_segments=np.array([codes[USERS[user]] for user in sorted(USERS)], dtype=np.uint8),
    )


def make_features(user_id: int, **changes: Any) -> bytes:
    """A user's valid feature object, but for `changes`."""
    features = {
        "user_id": user_id,
        "segment": USERS.get(user_id, "light"),
        "factors": [1.0] * FACTORS,
        "seen": [1, 2, 3],
        "computed_at": time(),
    }
    return json.dumps(features | changes).encode()


class FakeStore:
    """Objects by key; reads of keys in `gates` wait, in `errors` raise, in `cut` end early."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.gates: dict[str, threading.Event] = {}
        self.errors: dict[str, Exception] = {}
        self.cut: set[str] = set()
        self.reads: list[str] = []
        self.shadow_reads: list[str] = []
        self.flags = Path("there is no flag file")

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        self.reads.append(Key)
        if Key in self.gates:
            assert self.gates[Key].wait(PATIENCE), f"the gate of {Key} was never opened"
        if Key in self.errors:
            raise self.errors[Key]
        if Key not in self.objects:
            raise client_error("NoSuchKey", 404)
        body = self.objects[Key]
        metadata = {"HTTPStatusCode": 200, "RequestId": "0123456789ABCDEF"}
        sent = io.BytesIO(body[:-10] if Key in self.cut else body)
        return {"Body": StreamingBody(sent, len(body)), "ResponseMetadata": metadata}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> dict[str, Any]:
        if Key in self.errors:
            raise self.errors[Key]
        self.objects[Key] = Body
        return {}

    def read(self, key: str) -> bytes | None:
        """As the connection of the shadow's thread does."""
        self.shadow_reads.append(key)
        if key in self.gates:
            assert self.gates[key].wait(PATIENCE), f"the gate of {key} was never opened"
        if key in self.errors:
            raise BucketError(str(self.errors[key]), away=True)
        return self.objects.get(key)

    def close(self) -> None:
        return

    def publish(
        self, name: str, *, factors: int = FACTORS, seed: int = 0, live: bool = True, **card: Any
    ) -> None:
        """Write a version with its card and features, and make it live unless told not to."""
        arrays = make_arrays(factors, seed).to_bytes()
        content = {
            "version": name,
            "dataset_id": "0123456789ab",
            "trained_at": "2026-11-20T10:00:00Z",
            "algorithm": "als",
            "parameters": {"factors": factors},
            "metrics": {"hit_rate_at_10": 0.5},
            "segments": ["light", "regular", "heavy"],
            "code_revision": "test",
            "sha256": hashlib.sha256(arrays).hexdigest(),
        }
        self.objects[f"models/{name}/model.npz"] = arrays
        self.objects[f"models/{name}/card.json"] = json.dumps(content | card).encode()
        for user_id in USERS:
            self.objects[f"features/{name}/{user_id}.json"] = make_features(user_id, factors=[1.0] * factors)
        if live:
            self.objects["live.json"] = json.dumps({"version": name}).encode()

    def hold(self, user_id: int, version: str = "als4-aaaaaa") -> threading.Event:
        """Let reads of a user's features wait until the returned event is set."""
        return self.gates.setdefault(f"features/{version}/{user_id}.json", threading.Event())


def client_error(code: str, status: int) -> ClientError:
    metadata = {"HTTPStatusCode": status, "RequestId": "FEDCBA9876543210"}
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": metadata}, "GetObject")


@dataclass
class Service:
    """A running recommender and what it emitted."""

    client: httpx.AsyncClient
    store: FakeStore
    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader
    points: dict[str, dict[Labels, Any]] = field(default_factory=dict)

    async def ask(self, user_id: int, k: int = 10) -> dict[str, Any]:
        """An answer, which has to be a 200."""
        response = await self.client.get(f"/recommendations/{user_id}", params={"k": k})
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def spans(self, name: str) -> list[ReadableSpan]:
        """The finished spans of a name, oldest first."""
        return [span for span in self.exporter.get_finished_spans() if span.name == name]

    def attributes(self, name: str) -> dict[str, Any]:
        """The attributes of the one finished span of a name."""
        (span,) = self.spans(name)
        return dict(span.attributes or {})

    def resource(self) -> dict[str, Any]:
        """The resource that metrics are exported with."""
        data = self.reader.get_metrics_data()
        assert data is not None
        return dict(data.resource_metrics[0].resource.attributes)

    def measure(self, name: str) -> dict[Labels, Any]:
        """An instrument's points by attributes: a number for a counter or gauge, a histogram's point."""
        data = self.reader.get_metrics_data()
        scopes = (
            [scope for resource in data.resource_metrics for scope in resource.scope_metrics] if data else []
        )
        return {
            frozenset((point.attributes or {}).items()): point.value
            if isinstance(point, NumberDataPoint)
            else point
            for scope in scopes
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        }

    def total(self, name: str, **labels: str) -> Any:
        """The sum of a counter over all points that carry `labels` (dots in names written as underscores)."""
        wanted = {(key.replace("_", "."), value) for key, value in labels.items()}
        return sum(value for found, value in self.measure(name).items() if wanted <= found)


def make_app(store: FakeStore, telemetry: Telemetry, **settings: Any) -> FastAPI:
    """The application on `store`, with a deadline of 50 ms unless `settings` says otherwise."""
    knobs = RecommenderSettings(**({"storage_deadline": 0.05, "model_poll_interval": 0.02} | settings))
    connection = Connection(cast(ObjectStore, store), "whence", "127.0.0.1", 9100)
    shadow = ShadowSource(ShadowFile(store.flags.with_name("shadow.json")), lambda: store)
    return create_app(knobs, connection, FlagFile(store.flags), telemetry, shadow_source=shadow)


def make_telemetry(*, off: bool = False) -> tuple[Telemetry, InMemorySpanExporter, InMemoryMetricReader]:
    """Telemetry that stays in memory."""
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    with patch.dict(os.environ, {"OTEL_SDK_DISABLED": str(off).lower()}):
        telemetry = start_telemetry("recommender", span_exporter=exporter, metric_reader=reader)
    return telemetry, exporter, reader


@asynccontextmanager
async def serve(
    store: FakeStore, *, ready: bool = True, telemetry_off: bool = False, **settings: Any
) -> AsyncIterator[Service]:
    """Run the recommender of `make_app`, by default until it is ready."""
    telemetry, exporter, reader = make_telemetry(off=telemetry_off)
    app = make_app(store, telemetry, **settings)
    transport = httpx.ASGITransport(ServerTelemetry(app, telemetry), raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://recommender") as client,
    ):
        service = Service(client, store, exporter, reader)
        if ready:
            await until(lambda: is_ready(service), "the recommender is ready")
        yield service
    telemetry.shutdown()


async def is_ready(service: Service) -> bool:
    return (await service.client.get("/readyz")).status_code == 200


async def until(holds: Callable[[], Awaitable[bool] | bool], what: str) -> None:
    """Wait until `holds`, at most `PATIENCE` seconds."""
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                held = holds()
                if held if isinstance(held, bool) else await held:
                    return
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"never happened: {what}") from None


def published(version: str = "als4-aaaaaa") -> FakeStore:
    """A storage with one live version."""
    store = FakeStore()
    store.publish(version)
    return store
