"""Versions published on purpose: rolled out to a share, and gone without a trace when mended."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from faults import FaultError, backup
from faults.models import bad, biased_segment, published
from services.demo.dataset import Dataset, Ratings
from services.demo.dataset.segments import assign_segments
from services.demo.flags import read_rollout, write_rollout
from services.demo.storage.artefacts import LIVE_KEY, SEGMENTS, LivePointer
from services.demo.trainer.parameters import LIVE, Parameters
from services.demo.trainer.publication import Publication
from tests.unit.faults.fakes import MemoryBucket

FAULT, VERSION = "bad-model", bad.PARAMETERS.version("d")
NOBODY = np.array([], dtype=np.int32)
RATINGS = Ratings(NOBODY, NOBODY, NOBODY.astype(np.float32), NOBODY.astype(np.int64))


@pytest.fixture
def flags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(published, "FLAGS_FILE", tmp_path / "flags" / "flags.json")
    monkeypatch.setattr(backup, "FOLDER", tmp_path / "faults")
    return tmp_path / "flags" / "flags.json"


@pytest.fixture
def bucket(flags: Path, monkeypatch: pytest.MonkeyPatch) -> MemoryBucket:
    bucket = MemoryBucket()
    bucket.write(LIVE_KEY, LivePointer(version="live"))
    bucket.write("features/live/1.json", b"{}")
    monkeypatch.setattr(published, "Bucket", lambda: bucket)
    monkeypatch.setattr(MemoryBucket, "read_card", lambda *_: SimpleNamespace(files_id="d"))
    monkeypatch.setattr(published, "find_folder", lambda _: Path("nowhere"))
    monkeypatch.setattr(published, "load", lambda *_: Dataset("d", RATINGS, {}, {}))
    monkeypatch.setattr(published, "split", lambda dataset: (RATINGS, RATINGS))
    monkeypatch.setattr(
        published, "_answers", lambda version: flags.exists() and version in flags.read_text()
    )
    monkeypatch.setattr(published, "SETTLED", 0.0)
    return bucket


def train(*_: object) -> None:
    for key in (f"models/{VERSION}/card.json", f"features/{VERSION}/1.json", f"materialised/{VERSION}.json"):
        _[4]._store.put_object(Bucket="", Key=key, Body=b"{}", ContentType="")  # type: ignore[attr-defined]


def publish(share: float) -> str:
    return published.publish(FAULT, bad.PARAMETERS, share, train)


def test_a_share_of_the_users_gets_the_version_until_it_is_mended(flags: Path, bucket: MemoryBucket) -> None:
    before = dict(bucket.objects)
    assert publish(0.3) == VERSION
    assert read_rollout(flags) == pytest.approx({"live": 70, VERSION: 30})
    published.withdraw(FAULT)
    assert not flags.exists()
    assert bucket.objects == before
    assert backup.read_backup(FAULT) == {}


def test_another_data_set_than_the_stacks_is_refused_before_anything_is_done(
    flags: Path, bucket: MemoryBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published, "load", lambda *_: Dataset("other", RATINGS, {}, {}))
    before = dict(bucket.objects)
    with pytest.raises(FaultError, match="DATASET="):
        publish(0.3)
    assert bucket.objects == before and not flags.exists() and backup.read_backup(FAULT) == {}


def test_a_roll_out_that_was_there_is_there_again(flags: Path, bucket: MemoryBucket) -> None:
    write_rollout(flags, {"live": 60, "candidate": 40})
    text = flags.read_text() + "\n"
    flags.write_text(text)
    publish(0.5)
    assert read_rollout(flags) == pytest.approx({"live": 30, "candidate": 20, VERSION: 50})
    published.withdraw(FAULT)
    assert flags.read_text() == text


def test_what_was_rolled_out_since_is_left_alone(flags: Path, bucket: MemoryBucket) -> None:
    publish(0.5)
    write_rollout(flags, {"live": 90, "candidate": 10})
    published.withdraw(FAULT)
    assert read_rollout(flags) == pytest.approx({"live": 90, "candidate": 10})


def test_everybody_can_get_it(flags: Path, bucket: MemoryBucket) -> None:
    publish(1.0)
    assert read_rollout(flags) == {VERSION: 100}


def test_a_flag_file_that_makes_no_sense_is_said_and_kept(flags: Path, bucket: MemoryBucket) -> None:
    flags.parent.mkdir()
    flags.write_text(json.dumps({"flags": 7}))
    with pytest.raises(FaultError, match="flags.json"):
        publish(0.5)
    published.withdraw(FAULT)
    assert json.loads(flags.read_text()) == {"flags": 7}


def test_mending_what_is_not_broken_touches_nothing(flags: Path, bucket: MemoryBucket) -> None:
    write_rollout(flags, {"live": 50, "candidate": 50})
    published.withdraw(FAULT)
    assert read_rollout(flags) == {"live": 50, "candidate": 50}


def test_names_of_versions_say_nothing_of_the_fault() -> None:
    names = {p.version("d") for p in (LIVE, bad.PARAMETERS, Parameters(32, seed=biased_segment.SEED))}
    assert len(names) == 3
    assert all(name.startswith("als32-") for name in names)


@pytest.mark.parametrize("share", biased_segment.LOST.values())
def test_only_one_segment_loses_ratings_and_no_user_all_of_them(share: float) -> None:
    counts = {1: 10, 2: 60, 3: 100, 4: 200}
    users = np.repeat(np.array(list(counts), dtype=np.int32), list(counts.values()))
    ratings = Ratings(
        users, np.arange(len(users), dtype=np.int32), users.astype(np.float32), users.astype(int)
    )
    left = np.bincount(biased_segment.lose(ratings, share).user_ids)
    segments = [SEGMENTS[code] for code in assign_segments(np.array(list(counts.values())))]
    assert segments == ["light", "regular", "regular", "heavy"]
    assert (left[1], left[4]) == (10, 200)
    assert 1 <= left[2] < 60 and left[2] + left[3] == pytest.approx(160 * (1 - share), abs=20)


def test_publication_is_what_training_gets(flags: Path, bucket: MemoryBucket) -> None:
    seen: list[object] = []

    def note(*given: object) -> None:
        seen.extend(given)
        train(*given)

    published.publish(FAULT, bad.PARAMETERS, 0.1, note)
    assert isinstance(seen[4], Publication) and seen[3] == bad.PARAMETERS
