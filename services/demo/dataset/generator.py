"""A synthetic data set in MovieLens' format, so that the product runs before anyone brings data.

Users draw movies without replacement with weight popularity · exp(taste match): popularity falls with
rank by a power law, users and movies each have a few of many tastes (Dirichlet). The constants are tuned so
that ALS and the popular list reach about their precision on MovieLens latest-small (.28 and .09 at 10).
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.demo.dataset.errors import DatasetError
from services.demo.dataset.files import ITEMS, RATINGS
from services.demo.dataset.layout import MOVIES_HEADER, RATINGS_HEADER
from services.demo.dataset.titles import GENRES, make_titles
from services.demo.dataset.values import HIGHEST_RATING, LOWEST_RATING

RATINGS_FILE, MOVIES_FILE = RATINGS[0], ITEMS[0]
USERS = 600
MOVIES = 1500
TASTES = 2 * len(GENRES)
FEWEST_RATINGS, MOST_RATINGS = 20, 700
FIRST_TIMESTAMP = 1_577_836_800
HISTORY_SECONDS = 5 * 365 * 86_400
SESSION_STEP_SECONDS = 45.0
POPULARITY_EXPONENT = 1.05
POPULARITY_OFFSET = 20.0
TASTE_STRENGTH = 0.45
TASTE_CONCENTRATION = 0.05
LOG_RATINGS_MEAN, LOG_RATINGS_DEVIATION = 4.4, 0.85


def generate(folder: Path, seed: int = 7) -> None:
    """Write ratings.csv and movies.csv into `folder`, which appears complete or not at all.

    The same seed gives the same bytes. A data set that is already there is left as it is. Raises
    `DatasetError` if `folder` cannot be written or holds something else.
    """
    if (folder / RATINGS_FILE).exists():
        return
    try:
        _write_whole(folder, seed)
    except OSError as error:
        if not (folder / RATINGS_FILE).exists():
            raise DatasetError(
                f"{folder}: the generated data set cannot be put there: {error.strerror}"
            ) from error


def _write_whole(folder: Path, seed: int) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _write(draft, np.random.default_rng(seed))
        draft.chmod(0o755)
        os.rename(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write(folder: Path, rng: np.random.Generator) -> None:
    movie_tastes = rng.dirichlet(np.full(TASTES, TASTE_CONCENTRATION), MOVIES)
    user_tastes = rng.dirichlet(np.full(TASTES, TASTE_CONCENTRATION), USERS)
    match = user_tastes @ movie_tastes.T
    match /= match.mean()
    titles = make_titles(rng, MOVIES)
    (folder / MOVIES_FILE).write_text(
        "\n".join((",".join(MOVIES_HEADER), *_movie_rows(titles, movie_tastes), "")), encoding="utf-8"
    )
    (folder / RATINGS_FILE).write_text(
        "\n".join((",".join(RATINGS_HEADER), *_rating_rows(rng, match), "")), encoding="utf-8"
    )


def _movie_rows(titles: list[str], tastes: NDArray[np.float64]) -> Iterator[str]:
    for number, title in enumerate(titles):
        strongest = np.argsort(-tastes[number])[:2] // 2
        genres = sorted({GENRES[taste] for taste in strongest})
        yield f"{number + 1},{title},{'|'.join(genres)}"


def _rating_rows(rng: np.random.Generator, match: NDArray[np.float64]) -> Iterator[str]:
    rank = rng.permutation(MOVIES) + 1
    weight = -POPULARITY_EXPONENT * np.log(rank + POPULARITY_OFFSET) + TASTE_STRENGTH * match
    quality = rng.normal(0.0, 0.35, MOVIES)
    drawn = np.argsort(-(weight + rng.gumbel(size=weight.shape)), axis=1, kind="stable")
    counts = rng.lognormal(LOG_RATINGS_MEAN, LOG_RATINGS_DEVIATION, USERS)
    counts = np.clip(counts, FEWEST_RATINGS, MOST_RATINGS).astype(int)
    for user in range(USERS):
        movies = drawn[user, : counts[user]]
        rng.shuffle(movies)
        liking = 3.1 + 0.12 * np.minimum(match[user, movies], 8.0) + quality[movies]
        liking += rng.normal(0.0, 0.9, len(movies))
        ratings = np.clip(np.round(liking * 2) / 2, LOWEST_RATING, HIGHEST_RATING)
        start = FIRST_TIMESTAMP + rng.integers(HISTORY_SECONDS)
        times = start + np.cumsum(rng.exponential(SESSION_STEP_SECONDS, len(movies))).astype(int)
        for movie, rating, time in zip(movies, ratings, times, strict=True):
            yield f"{user + 1},{movie + 1},{rating:.1f},{time}"
