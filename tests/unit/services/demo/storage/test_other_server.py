"""The services on an S3 server that is not MinIO: moto's, over HTTP."""

import asyncio
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import numpy as np
import pytest
from moto.server import ThreadedMotoServer
from pydantic import SecretStr

from services.demo.features.bucket import Bucket
from services.demo.features.job import Job
from services.demo.flags.file import FlagFile, ShadowFile
from services.demo.recommender.app import create_app
from services.demo.recommender.connection import connect
from services.demo.recommender.settings import RecommenderSettings
from services.demo.storage.client import make_client
from services.demo.storage.settings import SetupSettings, StorageSettings
from services.demo.storage.setup import set_up
from services.demo.trainer.publication import Publication
from services.demo.trainer.run import run
from stack.storage.moving import copy
from tests.unit.services.demo.recommender.support import make_telemetry, until

KEY, SECRET = "anybody", SecretStr("anything-at-all")
REGION = "eu-central-1"
USER = 7
FEATURES_SECONDS = 30.0
NO_FLAGS = FlagFile(Path("there is no flag file"))
NO_SHADOW = ShadowFile(Path("there is no file of a shadow"))


@pytest.fixture(scope="module")
def storage() -> Iterator[StorageSettings]:
    """A bucket in another region, made by the set-up, which finds no MinIO there."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    storage = StorageSettings(
        endpoint=f"http://{host}:{port}", bucket="another", region=REGION, access_key=KEY, secret_key=SECRET
    )
    for _ in range(2):
        set_up(_setup_settings(storage))
    yield storage
    server.stop()


def _setup_settings(storage: StorageSettings) -> SetupSettings:
    roles = ("recommender", "trainer", "features")
    keys = {f"{role}_s3_access_key": KEY for role in roles}
    secrets = {f"{role}_s3_secret_key": SECRET for role in roles}
    where = {f"storage_{name}": getattr(storage, name) for name in ("endpoint", "bucket", "region")}
    root = {"minio_root_user": KEY, "minio_root_password": SECRET}
    return SetupSettings.model_validate(where | keys | secrets | root | {"storage_external": True})


@pytest.fixture(scope="module")
def ratings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, rng = tmp_path_factory.mktemp("ratings"), np.random.default_rng(1)
    movies = "".join(f"{movie},Title {movie},None\n" for movie in range(1, 61))
    rows = "".join(
        f"{user},{movie + 1},{rng.integers(1, 11) / 2},{1000 + movie}\n"
        for user in range(1, 13)
        for movie in rng.permutation(60)[:30]
    )
    (folder / "movies.csv").write_text("movieId,title,genres\n" + movies)
    (folder / "ratings.csv").write_text("userId,movieId,rating,timestamp\n" + rows)
    return folder


def _await_features(job: Job) -> None:
    end = time.monotonic() + FEATURES_SECONDS
    while not job.ready:
        assert time.monotonic() < end, "the features were never written"
        threading.Event().wait(0.05)


async def _answer(storage: StorageSettings) -> httpx.Response:
    """What the recommender answers USER."""
    settings = RecommenderSettings(storage_deadline=4, model_poll_interval=0.05)
    telemetry, _, _ = make_telemetry()
    app = create_app(settings, connect(storage, settings), NO_FLAGS, telemetry)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://recommender") as client,
    ):

        async def ready() -> bool:
            return (await client.get("/readyz")).status_code == 200

        await until(ready, "the recommender is ready")
        answer = await client.get(f"/recommendations/{USER}")
    telemetry.shutdown()
    return answer


@pytest.mark.parametrize("moved", [False, True], ids=["here", "moved"])
def test_the_recommender_answers_from_what_trainer_and_features_stored(
    storage: StorageSettings, ratings: Path, moved: bool
) -> None:
    client = make_client(storage, connect_timeout=2, read_timeout=10, max_pool=8)
    run(ratings, Publication(client, storage.bucket), False, k=10)
    if moved:
        there = storage.model_copy(update={"bucket": "moved"})
        copy(storage, there)
        storage = there
    job = Job(partial(Bucket, storage), NO_FLAGS, NO_SHADOW, interval=60)
    job.follow()
    try:
        _await_features(job)
        job.follow()
        answer = asyncio.run(_answer(storage))
    finally:
        job.stop()
    assert answer.status_code == 200
    assert (answer.json()["source"], len(answer.json()["items"])) == ("personalised", 10)
