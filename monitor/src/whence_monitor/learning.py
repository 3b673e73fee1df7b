"""A reference learned from production, where there are no training data."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from time import monotonic
from typing import Any

import numpy as np

from whence_monitor.bins import LEAST_OF_A_NAME, LONGEST_NAME
from whence_monitor.profile import make_reference
from whence_monitor.reference import PREDICTION, Reference

SAMPLE = 5_000
"""Predictions that are held while learning, whatever their number."""
FEWEST = 1_000
"""Predictions that are learned from at least, however long they take."""


class Sample:
    """Of the predictions of so many seconds from the first on, each as likely as any other.

    A reservoir (Vitter, "Random sampling with a reservoir", 1985).
    """

    def __init__(self, seconds: float) -> None:
        self.since = ""
        self._seconds = seconds
        self._begun = 0.0
        self._seen = 0
        self._rows: dict[int, dict[str, Any]] = {}
        self._random = np.random.default_rng()

    @property
    def is_whole(self) -> bool:
        """Whether its time has passed."""
        return self._seen >= FEWEST and monotonic() - self._begun >= self._seconds

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What is held."""
        return list(self._rows.values())

    def add(self, number: int, read: Callable[[int], dict[str, Any]]) -> None:
        """Consider `number` further predictions; `read` gives a row by its place among them."""
        if not self._seen:
            self.since = datetime.now(UTC).isoformat(timespec="seconds")
            self._begun = monotonic()
        order = np.arange(self._seen, self._seen + number)
        slots = np.where(order < SAMPLE, order, self._random.integers(0, order + 1))
        self._seen += number
        for place in np.flatnonzero(slots < SAMPLE).tolist():
            self._rows[int(slots[place])] = read(place)


def learn_reference(rows: Sequence[dict[str, Any]], dataset_id: str, since: str) -> Reference:
    """Profile rows, with predictions under PREDICTION. Rare names of features could be ids: left out."""
    frequency = Counter(name for row in rows for name in _names(row))
    least = min(len(rows), LEAST_OF_A_NAME)
    names = [name for name, number in frequency.items() if number >= least and len(name) <= LONGEST_NAME]
    columns = {name: [row.get(name) for row in rows] for name in names}
    columns["\0" + PREDICTION] = [row.get(PREDICTION) for row in rows]
    learned = make_reference(columns, prediction="\0" + PREDICTION, dataset_id=dataset_id, learned=True)
    return replace(learned, learned_since=since)


def share(reference: Reference, path: Path) -> Reference:
    """Write it for all processes, or read what another one has written: so their bins add up.

    Raises OSError or InvalidReference.
    """
    with NamedTemporaryFile("w", dir=path.parent, prefix=path.name, delete=False, encoding="utf-8") as file:
        file.write(reference.to_json())
    try:
        os.link(file.name, path)
    except FileExistsError:
        return Reference.load(path)
    finally:
        os.unlink(file.name)
    return reference


def _names(row: dict[str, Any]) -> Iterable[str]:
    return (name for name in row if isinstance(name, str) and name != PREDICTION)
