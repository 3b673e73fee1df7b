"""Delays and false alarms of detectors on streams with known drift; a model learns once, labels come at once.

SEA (Street and Kim, 2001), STAGGER (Schlimmer and Granger, 1986) and a rotating hyperplane (Hulten et al.,
2001) as river draws them: their relation changes and their features do not. In the last one the features
change and the relation does not.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
from river.datasets import synth
from sklearn.tree import DecisionTreeClassifier

from monitor.comparison.detectors import DETECTORS, SLOW, Detector, Stream

LEARNED, TESTED, BEFORE, AFTER = 5_000, 5_000, 5_000, 20_000
STATIONARY = 100_000
SEEDS, FEW_SEEDS = range(10), 3
Row = tuple[dict[Any, float], Any]


def sea(seed: int, before: int) -> Iterator[Row]:
    """A tenth of the labels is wrong; the threshold moves from 7 to 9.5."""
    yield from islice(synth.SEA(variant=2, noise=0.1, seed=seed), before)
    yield from synth.SEA(variant=3, noise=0.1, seed=seed + 1_000)


def stagger(seed: int, before: int) -> Iterator[Row]:
    """Three categories; one rule replaces another."""
    yield from islice(synth.STAGGER(classification_function=0, seed=seed), before)
    yield from synth.STAGGER(classification_function=1, seed=seed + 1_000)


def hyperplane(seed: int, before: int) -> Iterator[Row]:
    """Ten numbers; five of their weights begin to grow, slowly."""
    drawn = synth.Hyperplane(seed=seed, n_features=10, n_drift_features=5, sigma=0.0)
    rows = iter(drawn)
    yield from islice(rows, before)
    drawn.mag_change = 0.001
    yield from rows


def shifted_inputs(seed: int, before: int) -> Iterator[Row]:
    """SEA, of whose first feature low values become seldom."""
    rows = iter(synth.SEA(variant=2, noise=0.1, seed=seed))
    yield from islice(rows, before)
    chance = np.random.default_rng(seed)
    yield from ((x, y) for x, y in rows if x[0] > 5 or chance.uniform() < 0.4)


STREAMS: dict[str, Callable[[int, int], Iterator[Row]]] = {
    "SEA": sea,
    "STAGGER": stagger,
    "hyperplane": hyperplane,
    "SEA, inputs shifted": shifted_inputs,
}


def meet(rows: Iterator[Row], number: int) -> Stream:
    """A model that has learned from the first rows, and was tested on the next, meets so many more."""
    features, truths = zip(*islice(rows, LEARNED + TESTED + number), strict=True)
    table = pd.DataFrame.from_records(list(features)).rename(columns=str)
    true = np.array(truths).astype(int)
    model = DecisionTreeClassifier(min_samples_leaf=50, random_state=1)
    model.fit(table[:LEARNED], true[:LEARNED])
    wrong = model.predict(table) != true
    tested, met = slice(LEARNED, LEARNED + TESTED), slice(LEARNED + TESTED, None)
    later = table[met].reset_index(drop=True)
    return Stream(table[tested], 1 - float(wrong[tested].mean()), later, wrong[met])


def find_delays(detect: Detector, streams: list[Stream]) -> str:
    """The median delay in observations, and how many drifts were not found."""
    first = (next((alarm for alarm in detect(stream) if alarm > BEFORE), None) for stream in streams)
    delays = [alarm - BEFORE for alarm in first if alarm is not None]
    if not delays:
        return "—"
    found = f"{median(delays):,.0f}"
    return found if len(delays) == len(streams) else f"{found} ({len(delays)} of {len(streams)})"


def main() -> None:
    """Print the table; of slow detectors, the first seeds and one stream without drift."""
    drifting = {
        name: [meet(draw(seed, LEARNED + TESTED + BEFORE), BEFORE + AFTER) for seed in SEEDS]
        for name, draw in STREAMS.items()
    }
    quiet = [meet(draw(99, LEARNED + TESTED + STATIONARY), STATIONARY) for draw in (sea, stagger, hyperplane)]
    print("| | " + " | ".join(STREAMS) + " | false alarms per 100,000 |")
    print("|---|" + "---:|" * (len(STREAMS) + 1))
    for name, detect in DETECTORS.items():
        seeds, runs = (FEW_SEEDS, 1) if name in SLOW else (len(SEEDS), len(quiet))
        delays = [find_delays(detect, streams[:seeds]) for streams in drifting.values()]
        alarms = sum(len(list(detect(stream))) for stream in quiet[:runs]) / runs
        print(f"| {name} | " + " | ".join(delays) + f" | {alarms:.1f} |", flush=True)


if __name__ == "__main__":
    main()
