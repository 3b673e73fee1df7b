"""R23: feedback on its way through a real storage, each service with its own keys."""

import asyncio
import time

import pytest
from botocore.exceptions import ClientError

from services.demo.recommender.answers import Labels, Source
from services.demo.recommender.connection import Connection
from services.demo.recommender.history import HistoryWriter
from services.demo.recommender.shown import Closed
from services.demo.storage.client import ObjectStore, make_client
from services.demo.storage.settings import StorageSettings
from services.demo.trainer.publication import Publication
from services.demo.trainer.retraining import read_history

LABELS = Labels(Source.PERSONALISED, "v1", "heavy")


def connect(minio: StorageSettings, who: str) -> ObjectStore:
    settings = minio.model_copy(update={"access_key": who})
    return make_client(settings, connect_timeout=10, read_timeout=10, max_pool=1)


def test_r23_what_the_recommender_keeps_the_trainer_reads(minio: StorageSettings) -> None:
    recommender = connect(minio, "recommender")
    writers = [
        HistoryWriter(Connection(recommender, minio.bucket, "127.0.0.1", 9000), worker) for worker in "01"
    ]
    begun = time.time()
    for user_id, writer in enumerate(writers, 1):
        writer.add(Closed(LABELS, user_id, (5, 6, 7), (1,)))
        asyncio.run(writer.write())
    read = read_history(Publication(connect(minio, "trainer"), minio.bucket))
    assert sorted(read.user_ids.tolist()) == [1, 2]
    assert read.item_ids.tolist() == [5, 6, 7] * 2 and read.clicked.tolist() == [False, True, False] * 2
    assert (read.at >= begun).all()


def test_the_recommender_writes_nothing_else(minio: StorageSettings) -> None:
    put = {"Bucket": minio.bucket, "Body": b"{}", "ContentType": "application/json"}
    with pytest.raises(ClientError, match="AccessDenied"):
        connect(minio, "recommender").put_object(**put, Key="live.json")  # type: ignore[arg-type]
