"""The generated data set: MovieLens' format, the same bytes for a seed, whole or not there."""

from pathlib import Path

import numpy as np
import pytest

from services.demo.dataset import DatasetError, DatasetSettings, find_folder, generate, identify, load
from services.demo.dataset import generator as generator_module


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    generate(tmp_path / "a", seed=3)
    generate(tmp_path / "b", seed=3)
    generate(tmp_path / "c", seed=4)
    for name in ("ratings.csv", "movies.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert identify(tmp_path / "a") != identify(tmp_path / "c")


def test_it_reads_like_movielens(tmp_path: Path) -> None:
    generate(tmp_path / "set")
    dataset = load(tmp_path / "set")
    counts = np.bincount(dataset.ratings.user_ids)[1:]
    assert len(counts) == 600
    assert counts.min() >= 20
    assert len(dataset.titles) == len(set(dataset.titles.values())) == 1500
    assert 60_000 <= len(dataset.ratings) <= 100_000
    assert set(np.unique(dataset.ratings.values * 2)) == set(range(1, 11))
    by_movie = np.sort(np.bincount(dataset.ratings.movie_ids))[::-1]
    assert by_movie[:150].sum() > 0.3 * len(dataset.ratings), (
        "a tenth of the movies draws far more than its share"
    )


def test_a_crash_leaves_nothing_that_looks_like_a_data_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(generator_module, "_rating_rows", crash)
    with pytest.raises(KeyboardInterrupt):
        generate(tmp_path / "set")
    assert list(tmp_path.iterdir()) == []


def test_a_data_set_that_is_there_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "ratings.csv").write_text("mine")
    generate(folder)
    assert (folder / "ratings.csv").read_text() == "mine"


def test_an_empty_folder_is_filled_but_another_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    generate(tmp_path / "empty")
    assert (tmp_path / "empty" / "ratings.csv").exists()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("mine")
    with pytest.raises(DatasetError, match="cannot be put there"):
        generate(tmp_path / "other")


def test_the_default_is_generated_and_a_wrong_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert (find_folder(DatasetSettings(dataset="")) / "ratings.csv").exists()
    assert find_folder(DatasetSettings(dataset=str(tmp_path))) == tmp_path
    with pytest.raises(DatasetError, match=r"DATASET=nowhere: no such folder"):
        find_folder(DatasetSettings(dataset="nowhere"))
