"""What is known of a data set's quality, for the cards of the versions that learn from it."""

import numpy as np

from services.demo.dataset.ratings import Dataset
from services.demo.storage.artefacts import DataReport

DUPLICATES = ("duplicate_rating", "duplicate_movie")
OUT_OF_RANGE = ("rating_out_of_range",)
"""Kinds of bad rows; all others are malformed."""


def report(dataset: Dataset) -> DataReport:
    """Counts and ranges of a data set with at least one rating."""
    ratings, skipped = dataset.ratings, dataset.skipped
    duplicates, out_of_range = (
        sum(skipped.get(kind, 0) for kind in kinds) for kinds in (DUPLICATES, OUT_OF_RANGE)
    )
    bad = sum(skipped.values())
    oldest, newest = int(ratings.timestamps.min()), int(ratings.timestamps.max())
    return DataReport(
        rows=len(ratings) + bad,
        users=len(np.unique(ratings.user_ids)),
        items=len(np.unique(ratings.movie_ids)),
        malformed=bad - duplicates - out_of_range,
        duplicates=duplicates,
        out_of_range=out_of_range,
        lowest=float(ratings.values.min()),
        highest=float(ratings.values.max()),
        oldest=oldest if newest else None,
        newest=newest or None,
    )
