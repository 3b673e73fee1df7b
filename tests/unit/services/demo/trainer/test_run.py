"""A run of the trainer on a small data set: what is stored, in which order, and what a second run skips."""

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from botocore.exceptions import ClientError
from whence_monitor import Reference

from services.demo.dataset import DatasetError, identify, load, split
from services.demo.storage.artefacts import (
    ModelArrays,
    ModelCard,
    UserFeatures,
    card_key,
    model_key,
    reference_key,
)
from services.demo.storage.held_out import HeldOut, held_out_key
from services.demo.storage.offline import OfflineFeatures, offline_key
from services.demo.trainer.parameters import TRAINED, Parameters
from services.demo.trainer.publication import Publication
from services.demo.trainer.run import run
from tests.unit.services.demo.trainer.memory_store import MemoryStore

USERS = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(1)
    movies = "".join(f"{movie},Title {movie},None\n" for movie in range(1, 61))
    ratings = "".join(
        f"{user},{movie + 1},{rng.integers(1, 11) / 2},{1000 + movie}\n"
        for user in range(1, USERS + 1)
        for movie in rng.permutation(60)[:30]
    )
    (folder / "movies.csv").write_text("movieId,title,genres\n" + movies)
    (folder / "ratings.csv").write_text("userId,movieId,rating,timestamp\n" + ratings)
    return folder


def test_ratings_too_few_to_judge_a_model_by_are_refused_before_anything_is_stored(
    folder: Path, store: MemoryStore, tmp_path: Path
) -> None:
    (tmp_path / "movies.csv").write_text((folder / "movies.csv").read_text())
    rows = "".join(f"{user},{movie},4.0,1000\n" for user in range(1, 9) for movie in (1, 2))
    (tmp_path / "ratings.csv").write_text("userId,movieId,rating,timestamp\n" + rows)
    with pytest.raises(DatasetError, match="nobody has 3 ratings"):
        run(tmp_path, Publication(store, "whence"), False, 10)
    assert store.objects == {}


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def train(store: MemoryStore, folder: Path, skip_bad_rows: bool = False) -> None:
    run(folder, Publication(store, "whence"), skip_bad_rows, 10)


def versions(folder: Path) -> list[str]:
    return [each.version(identify(folder)) for each in TRAINED]


def live(store: MemoryStore) -> str:
    return str(json.loads(store.objects["live.json"])["version"])


def test_three_versions_are_stored_and_the_first_is_live(store: MemoryStore, folder: Path) -> None:
    train(store, folder)
    first, candidate, smaller = versions(folder)
    assert [each.split("-")[0] for each in (first, candidate, smaller)] == ["als32", "als40", "als16"]
    assert live(store) == first
    assert store.written[-1] == "live.json"
    for version in (first, candidate, smaller):
        card = ModelCard.model_validate_json(store.objects[card_key(version)])
        assert (card.version, card.dataset_id, card.algorithm) == (version, identify(folder), "als")
        assert card.trained_at.utcoffset() is not None
        assert {"precision_at_10", "hit_rate_at_10", "ndcg_at_10", "baseline_popular_precision_at_10"} <= set(
            card.metrics
        )
        assert sum(key.startswith(f"features/{version}/") for key in store.objects) == USERS


def test_a_version_has_its_card_only_when_all_else_is_there(store: MemoryStore, folder: Path) -> None:
    train(store, folder)
    for version in versions(folder):
        belonging = [i for i, key in enumerate(store.written) if f"/{version}/" in key]
        assert store.written[belonging[-1]] == card_key(version)
        assert store.written[belonging[-2]] == model_key(version)


def test_what_is_stored_is_what_the_recommender_needs(store: MemoryStore, folder: Path) -> None:
    train(store, folder)
    version = versions(folder)[0]
    card = ModelCard.model_validate_json(store.objects[card_key(version)])
    arrays = ModelArrays.from_bytes(store.objects[model_key(version)], card.sha256)
    ratings, _ = split(load(folder))
    assert arrays.item_factors.shape == (len(arrays.item_ids), 32)
    assert arrays.user_ids.tolist() == list(range(1, USERS + 1))
    user = UserFeatures.model_validate_json(store.objects[f"features/{version}/3.json"])
    assert list(user.seen) == sorted(ratings.movie_ids[ratings.user_ids == 3].tolist())
    assert (user.user_id, user.segment, len(user.factors)) == (3, card.segments[arrays.user_segments[2]], 32)
    assert user.computed_at == pytest.approx(card.trained_at.timestamp())
    counts = np.bincount(ratings.movie_ids)
    assert (np.diff(counts[arrays.popular]) <= 0).all(), "popular is in order of training ratings"


def test_offline_features_are_those_that_were_stored(store: MemoryStore, folder: Path) -> None:
    train(store, folder)
    version = versions(folder)[0]
    card = ModelCard.model_validate_json(store.objects[card_key(version)])
    offline = OfflineFeatures.from_bytes(store.objects[offline_key(version)], card.offline_sha256)
    for row, user_id in enumerate(offline.user_ids.tolist()):
        stored = store.objects[f"features/{version}/{user_id}.json"]
        assert stored == offline.encode(row, card.segments, card.trained_at.timestamp())
    Reference.from_json(store.objects[reference_key(version)])


def test_a_version_from_before_there_were_offline_features_is_made_again(
    store: MemoryStore, folder: Path
) -> None:
    train(store, folder)
    version = versions(folder)[0]
    old = json.loads(store.objects[card_key(version)])
    del old["offline_sha256"], store.objects[offline_key(version)], store.objects[reference_key(version)]
    store.objects[card_key(version)] = json.dumps(old).encode()
    train(store, folder)
    card = ModelCard.model_validate_json(store.objects[card_key(version)])
    OfflineFeatures.from_bytes(store.objects[offline_key(version)], card.offline_sha256)
    assert reference_key(version) in store.objects
    assert live(store) == version


def test_a_second_run_writes_nothing(store: MemoryStore, folder: Path) -> None:
    train(store, folder)
    written = len(store.written)
    train(store, folder)
    assert len(store.written) == written


def test_only_the_missing_version_is_trained_again(store: MemoryStore, folder: Path) -> None:
    train(store, folder)
    first, missing, other = versions(folder)
    del store.objects[card_key(missing)]
    store.written.clear()
    train(store, folder)
    assert store.written[-1] == card_key(missing)
    assert not any(first in key or other in key for key in store.written)


def test_a_card_that_cannot_be_read_is_made_again(store: MemoryStore, folder: Path) -> None:
    train(store, folder)
    key = card_key(versions(folder)[0])
    store.objects[key] = store.objects[key][:20]
    train(store, folder)
    ModelCard.model_validate_json(store.objects[key])


@pytest.mark.parametrize(
    "content", [None, b"{", b'{"version": "als32-000000"}'], ids=["missing", "unreadable", "unknown version"]
)
def test_live_is_repaired(store: MemoryStore, folder: Path, content: bytes | None) -> None:
    train(store, folder)
    del store.objects["live.json"]
    if content is not None:
        store.objects["live.json"] = content
    store.written.clear()
    train(store, folder)
    assert store.written == ["live.json"]
    assert live(store) == versions(folder)[0]


def test_r22_the_live_version_is_kept_when_the_data_set_is_another(
    store: MemoryStore, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("movies.csv", "ratings.csv"):
        (tmp_path / name).write_bytes(
            (folder / name).read_bytes() + (b"99,New,None\n" if name == "movies.csv" else b"")
        )
    train(store, tmp_path)
    train(store, folder)
    assert live(store) == versions(tmp_path)[0] != versions(folder)[0]
    assert all(card_key(version) in store.objects for version in versions(folder))
    assert f"make release VERSION={versions(folder)[0]}" in capsys.readouterr().out


def test_a_live_version_of_this_data_set_is_kept(store: MemoryStore, folder: Path) -> None:
    train(store, folder)
    smaller = versions(folder)[1]
    store.objects["live.json"] = json.dumps({"version": smaller}).encode()
    train(store, folder)
    assert live(store) == smaller


@pytest.mark.parametrize("place", ["features", "model", "card"])
def test_a_crash_leaves_no_half_made_version_live(store: MemoryStore, folder: Path, place: str) -> None:
    version = versions(folder)[1]
    store.deny_key = {
        "features": f"features/{version}/{USERS}.json",
        "model": model_key(version),
        "card": card_key(version),
    }[place]
    with pytest.raises(ClientError):
        train(store, folder)
    assert "live.json" not in store.objects
    assert card_key(version) not in store.objects
    store.deny_key = None
    train(store, folder)
    assert live(store) == versions(folder)[0]


def test_the_same_data_and_parameters_give_the_same_model(folder: Path) -> None:
    first, second = MemoryStore(), MemoryStore()
    train(first, folder)
    train(second, folder)
    for version in versions(folder):
        checksums = {
            hashlib.sha256(
                np.load(io.BytesIO(store.objects[model_key(version)]))["item_factors"].tobytes()
            ).hexdigest()
            for store in (first, second)
        }
        assert len(checksums) == 1


def test_parameters_and_data_set_name_the_version() -> None:
    names = {
        Parameters(factors=32).version("a"),
        Parameters(factors=32).version("b"),
        Parameters(factors=32, alpha=2.0).version("a"),
        Parameters(factors=16).version("a"),
    }
    assert len(names) == 4
    assert Parameters(factors=32).version("a") in names


def test_bad_rows_stop_the_run_or_are_counted_on_the_card(
    store: MemoryStore, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "movies.csv").write_bytes((folder / "movies.csv").read_bytes())
    (tmp_path / "ratings.csv").write_bytes((folder / "ratings.csv").read_bytes() + b"1,1\n1,777,3.0,1\n")
    with pytest.raises(DatasetError, match="column_count|expected 4 columns"):
        train(store, tmp_path)
    assert store.written == []
    train(store, tmp_path, skip_bad_rows=True)
    card = ModelCard.model_validate_json(store.objects[card_key(versions(tmp_path)[0])])
    assert card.skipped_rows == {"column_count": 1, "unknown_movie": 1}
    assert card.data is not None
    assert (card.data.rows, card.data.malformed, card.data.duplicates) == (USERS * 30 + 2, 2, 0)


def test_the_card_reports_the_data_set_by_what_was_wrong_with_it(
    store: MemoryStore, folder: Path, tmp_path: Path
) -> None:
    first = (folder / "ratings.csv").read_text().splitlines()[1]
    bad = f"{first}\n{first}\n1,1,9.5,1\n1,1,x,1\n"
    (tmp_path / "movies.csv").write_bytes((folder / "movies.csv").read_bytes())
    (tmp_path / "ratings.csv").write_text((folder / "ratings.csv").read_text() + bad)
    train(store, tmp_path, skip_bad_rows=True)
    data = ModelCard.model_validate_json(store.objects[card_key(versions(tmp_path)[0])]).data
    assert data is not None
    assert (data.rows, data.users, data.items) == (USERS * 30 + 4, USERS, 60)
    assert (data.malformed, data.duplicates, data.out_of_range) == (1, 2, 1)
    assert 0.5 <= data.lowest < data.highest <= 5.0
    assert data.oldest is not None and 1000 <= data.oldest < (data.newest or 0) < 1060


def test_a_version_from_before_there_were_held_out_ratings_is_made_again(
    store: MemoryStore, folder: Path
) -> None:
    train(store, folder)
    version = versions(folder)[0]
    old = json.loads(store.objects[card_key(version)])
    del old["held_out_sha256"], old["data"], store.objects[held_out_key(version)]
    store.objects[card_key(version)] = json.dumps(old).encode()
    train(store, folder)
    card = ModelCard.model_validate_json(store.objects[card_key(version)])
    held_out = HeldOut.from_bytes(store.objects[held_out_key(version)], card.held_out_sha256)
    _, expected = split(load(folder))
    assert held_out.movie_ids.tolist() == expected.movie_ids.tolist()
