"""Which version waits for its release after the data set was changed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from services.demo.dataset import DatasetSettings, identify
from services.demo.storage.artefacts import LIVE_KEY, LivePointer, ModelCard, card_key
from services.demo.storage.settings import StorageSettings
from services.demo.trainer.parameters import LIVE
from stack.models import dataset
from tests.unit.services.demo.features.fake_s3 import FakeS3, run_s3


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeS3]:
    (tmp_path / "ratings.csv").write_text("userId,movieId,rating,timestamp\n1,1,4.0,1000\n")
    source = DatasetSettings.model_validate({"dataset": str(tmp_path), "data_dir": tmp_path})
    monkeypatch.setattr(dataset, "dataset_settings", lambda: source)
    with run_s3() as s3:
        storage = StorageSettings(
            endpoint=s3.url, access_key="trainer", secret_key=SecretStr("secret-secret")
        )
        monkeypatch.setattr(dataset, "find_storage", lambda: storage)
        yield s3


def make_live(bucket: FakeS3, files_id: str) -> None:
    card = ModelCard.model_validate(
        {
            "version": "als32-aaaaaa",
            "dataset_id": "ffffffffffff",
            "base_dataset_id": files_id,
            "trained_at": "2026-11-20T10:00:00Z",
            "algorithm": "als",
            "parameters": {},
            "metrics": {},
            "segments": (),
            "code_revision": "test",
            "sha256": "",
        }
    )
    bucket.objects[LIVE_KEY] = LivePointer(version=card.version).model_dump_json().encode()
    bucket.objects[card_key(card.version)] = card.model_dump_json().encode()


def test_a_version_waits_while_one_of_another_data_set_is_live(bucket: FakeS3, tmp_path: Path) -> None:
    files = identify(tmp_path)
    make_live(bucket, "0123456789ab")
    assert dataset.find_waiting() == LIVE.version(files)
    make_live(bucket, files)
    assert dataset.find_waiting() == "", "also one that learned from feedback since"


def test_what_cannot_be_known_is_not_told(bucket: FakeS3) -> None:
    assert dataset.find_waiting() == "", "nothing is live"
    bucket.refuse[LIVE_KEY] = 503
    assert dataset.find_waiting() == ""
