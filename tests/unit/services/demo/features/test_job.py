"""Which features are written, again and again, and what happens when versions come, change and go."""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from services.demo.features.__main__ import run
from services.demo.features.job import Job
from services.demo.flags import clear_rollout, clear_shadow, write_rollout, write_shadow
from services.demo.flags.file import FlagFile, ShadowFile
from services.demo.storage.artefacts import Materialised, UserFeatures
from services.demo.storage.offline import OfflineFeatures
from tests.unit.services.demo.features.fake_s3 import FakeS3

PATIENCE = 10.0
INTERVAL = 0.3
USERS = 20


def make_offline(factors: float = 1.0) -> OfflineFeatures:
    """User i (from 1) has seen the items 1 … i."""
    users = np.arange(1, USERS + 1, dtype=np.int32)
    return OfflineFeatures(
        user_ids=users,
        user_segments=(users % 3).astype(np.uint8),
        user_factors=np.full((USERS, 4), factors, dtype=np.float32),
        seen_indptr=np.concatenate(([0], np.cumsum(users))).astype(np.int64),
        seen_items=np.concatenate([np.arange(1, n + 1) for n in users]).astype(np.int32),
    )


def publish(s3: FakeS3, version: str, offline: OfflineFeatures | None, *, live: bool = False) -> None:
    """Store a version as the trainer does; without `offline`, as it did before there was one."""
    content = offline.to_bytes() if offline else b""
    card = {
        "version": version,
        "dataset_id": "0123456789ab",
        "trained_at": "2026-11-20T10:00:00Z",
        "algorithm": "als",
        "parameters": {},
        "metrics": {},
        "segments": ["light", "regular", "heavy"],
        "code_revision": "test",
        "sha256": "",
        "offline_sha256": hashlib.sha256(content).hexdigest() if offline else "",
    }
    s3.objects[f"models/{version}/offline.npz"] = content
    s3.objects[f"models/{version}/card.json"] = json.dumps(card).encode()
    if live:
        s3.objects["live.json"] = json.dumps({"version": version}).encode()


def keys(version: str) -> set[str]:
    return {f"features/{version}/{user}.json" for user in range(1, USERS + 1)}


def eventually(holds: Callable[[], bool], what: str) -> None:
    end, pause = time.monotonic() + PATIENCE, threading.Event()
    while not holds():
        assert time.monotonic() < end, f"never happened: {what}"
        pause.wait(0.01)


@pytest.fixture
def flags(tmp_path: Path) -> Path:
    return tmp_path / "flags.json"


@pytest.fixture
def job(s3: FakeS3, flags: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Job]:
    monkeypatch.setattr("services.demo.features.materialisation.FIRST_SPREAD", 0.05)
    monkeypatch.setattr("services.demo.features.materialisation.PAUSE", 0.02)
    job = Job(s3.connect, FlagFile(flags), ShadowFile(flags.with_name("shadow.json")), interval=INTERVAL)
    yield job
    job.stop()


def test_every_user_of_the_live_version_has_fresh_features_again_and_again(s3: FakeS3, job: Job) -> None:
    publish(s3, "als4-a", make_offline(), live=True)
    assert not job.ready
    job.follow()
    eventually(lambda: job.ready, "the first pass")
    assert keys("als4-a") <= s3.objects.keys()
    first = UserFeatures.model_validate_json(s3.objects["features/als4-a/7.json"])
    assert (first.user_id, first.segment, first.factors) == (7, "regular", (1.0,) * 4)
    assert first.seen == tuple(range(1, 8))
    assert 0 <= time.time() - first.computed_at < PATIENCE

    def written_again() -> bool:
        now = UserFeatures.model_validate_json(s3.objects["features/als4-a/7.json"])
        return now.computed_at > first.computed_at + 0.1

    eventually(written_again, "the next pass")


def test_versions_of_the_flag_come_and_go(s3: FakeS3, job: Job, flags: Path) -> None:
    publish(s3, "als4-a", make_offline(), live=True)
    publish(s3, "als4-b", make_offline())
    job.follow()
    eventually(lambda: job.ready, "the first pass")
    assert not keys("als4-b") & s3.objects.keys()
    write_rollout(flags, {"als4-a": 70, "als4-b": 30})
    job.follow()
    eventually(lambda: job.ready, "the first pass of the second version")
    assert keys("als4-b") <= s3.objects.keys()
    job.follow()
    said = Materialised.model_validate_json(s3.objects["materialised/als4-b.json"])
    assert said.computed_at <= json.loads(s3.objects["features/als4-b/1.json"])["computed_at"]
    clear_rollout(flags)
    job.follow()
    eventually(lambda: sum("als4-a" in key for key in s3.written[-USERS:]) == USERS, "only the live one")


def test_a_version_in_the_shadow_has_features_as_long_as_it_is_there(
    s3: FakeS3, job: Job, flags: Path
) -> None:
    publish(s3, "als4-a", make_offline(), live=True)
    publish(s3, "als4-b", make_offline())
    write_shadow(flags.with_name("shadow.json"), "als4-b", 0.1)
    job.follow()
    eventually(lambda: job.ready, "the first pass of both")
    assert keys("als4-b") <= s3.objects.keys()
    clear_shadow(flags.with_name("shadow.json"))
    job.follow()
    eventually(lambda: sum("als4-a" in key for key in s3.written[-USERS:]) == USERS, "only the live one")


def test_a_version_published_anew_has_its_new_features(s3: FakeS3, job: Job) -> None:
    publish(s3, "als4-a", make_offline(), live=True)
    job.follow()
    eventually(lambda: job.ready, "the first pass")
    publish(s3, "als4-a", make_offline(2.0), live=True)
    job.follow()

    def all_new() -> bool:
        found = [json.loads(s3.objects[key])["factors"] for key in keys("als4-a")]
        return found == [[2.0] * 4] * USERS

    eventually(all_new, "the new factors")


@pytest.mark.parametrize("status", [503, 403])
def test_what_could_not_be_written_is_written_later(s3: FakeS3, job: Job, status: int) -> None:
    publish(s3, "als4-a", make_offline(), live=True)
    refused = "features/als4-a/3.json"
    s3.refuse[refused] = status
    job.follow()
    eventually(lambda: len(s3.written) >= USERS - 1, "the others are written")
    assert not job.ready
    s3.refuse.clear()
    eventually(lambda: job.ready, "the last one is written")
    assert refused in s3.objects


def test_the_features_of_others_are_written_on_while_some_are_refused(s3: FakeS3, job: Job) -> None:
    publish(s3, "als4-a", make_offline(), live=True)
    s3.refuse["features/als4-a/3.json"] = 403
    job.follow()
    others = keys("als4-a") - s3.refuse.keys()
    eventually(lambda: all(s3.written.count(key) > 2 for key in others), "three passes")


def test_all_is_fresh_soon_after_storage_was_away(s3: FakeS3, job: Job) -> None:
    publish(s3, "als4-a", make_offline(), live=True)
    job.follow()
    eventually(lambda: job.ready, "the first pass")
    s3.refuse |= dict.fromkeys(keys("als4-a"), 503)
    back = time.time() + 2 * INTERVAL
    eventually(lambda: time.time() > back, "two passes were missed")
    s3.refuse.clear()

    def all_fresh() -> bool:
        return all(json.loads(s3.objects[key])["computed_at"] > back for key in keys("als4-a"))

    eventually(all_fresh, "every user's features are new")


@pytest.mark.parametrize("damage", ["old", "corrupt", "no card"])
def test_a_version_that_cannot_be_used_is_said_once_and_the_others_go_on(
    s3: FakeS3, job: Job, flags: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(s3, "als4-a", make_offline(), live=True)
    publish(s3, "als4-b", None if damage == "old" else make_offline())
    if damage == "corrupt":
        s3.objects["models/als4-b/offline.npz"] = b"PK"
    if damage == "no card":
        del s3.objects["models/als4-b/card.json"]
    write_rollout(flags, {"als4-a": 70, "als4-b": 30})
    for _ in range(3):
        job.follow()
    eventually(lambda: job.ready, "the first pass of what can be used")
    assert capsys.readouterr().out.count("features cannot be written") == 1


@pytest.mark.parametrize(("status", "content"), [(403, b""), (200, b"{}")])
def test_a_live_version_that_cannot_be_read_is_said_once(
    s3: FakeS3, job: Job, capsys: pytest.CaptureFixture[str], status: int, content: bytes
) -> None:
    s3.objects["live.json"] = content
    s3.refuse |= {"live.json": status} if status != 200 else {}
    for _ in range(3):
        job.follow()
    said = capsys.readouterr().out
    assert said.count("features cannot be written") == 1 and "live.json" in said
    assert not job.ready


def test_storage_away_at_the_start_is_waited_out_and_readiness_is_a_file(
    s3: FakeS3, job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.demo.features.__main__.POLL_SECONDS", 0.02)
    ready, stopping = tmp_path / "run" / "ready", threading.Event()
    s3.refuse["live.json"] = 503
    process = threading.Thread(target=run, args=(job, ready, stopping))
    process.start()
    try:
        publish(s3, "als4-a", make_offline(), live=True)
        assert not ready.exists()
        s3.refuse.clear()
        eventually(ready.exists, "the file that says ready")
        assert keys("als4-a") <= s3.objects.keys()
    finally:
        stopping.set()
        process.join()
