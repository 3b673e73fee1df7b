"""What was counted of each model within a window, over all its processes: all that its measures are made of.

Segment `ALL` is everybody; a model without segments has no other.
"""

from collections.abc import Iterator, Sequence

from prometheus import queries as q
from prometheus.rules import Rule, record
from prometheus.series import Series, models
from prometheus.series.models import MODEL
from prometheus.series.recorded import (
    FEATURE_REFERENCE,
    FEATURE_TRUTHS,
    FEATURE_VALUES,
    MODEL_LABELS,
    MODEL_OUTCOMES,
    MODEL_PREDICTION_ERRORS,
    MODEL_PREDICTIONS,
    MODEL_PROBLEMS,
    MODEL_QUANTITIES,
    MODEL_SCORE_EXPECTED,
    MODEL_SCORE_LABELS,
    MODEL_SCORES,
)

SHORT, LONG = "10m", "1h"
"""Windows: what is seen soon, and what gives a sample where labels or predictions are few."""
SECONDS = {SHORT: 600, LONG: 3600}

ALL = "all"
SEGMENTED = f'segment!~"|{ALL}"'

OF_BIN = (*MODEL, "reference", "feature", "bin")


def sample_rules() -> Iterator[Rule]:
    """Predictions, labels, and what is summed up when labels become known."""
    yield from _count(models.PREDICTIONS, MODEL_PREDICTIONS)
    yield from _count(models.LABELS, MODEL_LABELS)
    yield from _count(models.OUTCOMES, MODEL_OUTCOMES, "class", "outcome")
    yield from _count(models.QUALITY, MODEL_QUANTITIES, "quantity")
    cell = (*MODEL, "bin", "predicted")
    yield from _count_all(models.SCORES, MODEL_SCORES, cell)
    yield from _count_all(models.SCORE_LABELS, MODEL_SCORE_LABELS, (*cell, "came_true"))
    yield from _count_all(models.SCORE_EXPECTED, MODEL_SCORE_EXPECTED, cell)
    of_errors = (*MODEL, "reference", "bin", "quantity")
    yield from _count_all(models.PREDICTION_ERRORS, MODEL_PREDICTION_ERRORS, of_errors)
    yield record(MODEL_PROBLEMS, f"{q.rate(models.PROBLEMS, by=[*MODEL, 'kind'], window=SHORT)} > 0")


def feature_sample_rules() -> Iterator[Rule]:
    """Values by bin, and the reference with the same bins."""
    yield from _count(models.FEATURE_VALUES, FEATURE_VALUES, "reference", "feature", "bin")
    yield from _count_all(models.FEATURE_TRUTHS, FEATURE_TRUTHS, (*OF_BIN, "came_true"))
    by = (*OF_BIN, "segment")
    each = q.highest(models.REFERENCE_VALUES, by=by)
    whole = f"sum by ({', '.join(OF_BIN)}) ({each})"
    segmented = q.highest(models.REFERENCE_VALUES, SEGMENTED, by=by)
    for window in SECONDS:
        of_window = q.equal("window", window)
        for_all = q.level(FEATURE_VALUES, f'segment="{ALL}"', of_window, by=OF_BIN)
        yield record(FEATURE_REFERENCE, f"{whole} or 0 * {for_all}", segment=ALL, window=window)
        for_each = q.level(FEATURE_VALUES, f'segment!="{ALL}"', of_window, by=by)
        yield record(FEATURE_REFERENCE, f"{segmented} or 0 * {for_each}", window=window)


def _count(of: Series, recorded: Series, *more: str) -> Iterator[Rule]:
    """Of everybody and of each segment."""
    yield from _count_all(of, recorded, (*MODEL, *more))
    for window in SECONDS:
        by = (*MODEL, "segment", *more)
        yield record(recorded, _increase(of, SEGMENTED, by=by, window=window), window=window)


def _count_all(of: Series, recorded: Series, by: Sequence[str]) -> Iterator[Rule]:
    for window in SECONDS:
        yield record(recorded, _increase(of, by=by, window=window), segment=ALL, window=window)


def _increase(of: Series, *where: str, by: Sequence[str], window: str) -> str:
    return f"{SECONDS[window]} * {q.rate(of, *where, by=by, window=window)}"
