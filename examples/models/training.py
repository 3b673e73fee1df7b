"""From a CSV file of cases to the versions of a model, each with its reference."""

import csv
import math
import os
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from whence_monitor import Reference, make_reference, read_table

from examples.models.card import HeldOut, hold_out, make_card
from examples.models.example import NO_WEIGHTS, Example, Features
from examples.models.settings import read_models

ROWS = 12_000
"""Half of them to fit a model, half to profile it on."""

HALVES = slice(0, ROWS // 2), slice(ROWS // 2, ROWS)

LIVE = "1.0.0"


@dataclass(frozen=True)
class Recipe:
    """How a version is trained. `mixed` is the share of cases that got the outcome of another."""

    seed: int
    mixed: float = 0.0
    leaked: float | None = None
    """With the feature that is known afterwards only: how much of the outcome it tells, 0 to 1."""


RECIPES: Mapping[str, Recipe] = {
    LIVE: Recipe(seed=7),
    "1.0.1": Recipe(seed=8),
    "1.1.0": Recipe(seed=7, mixed=0.7),
    "1.2.0": Recipe(seed=7, mixed=1.0),
    "2.0.0": Recipe(seed=7, leaked=0.7),
    "2.1.0": Recipe(seed=7, leaked=1.0),
}


@dataclass(frozen=True)
class Trained:
    """A version: its estimator, its inputs in their order, and the features that are watched."""

    estimator: Any
    inputs: tuple[str, ...]
    codes: Mapping[str, tuple[str, ...]]
    watched: tuple[str, ...]

    def predict(self, features: Features) -> float:
        """The probability of class 1, or the number, of one case."""
        return float(self.predict_many({name: [features.get(name)] for name in self.inputs})[0])

    def predict_many(self, columns: Mapping[str, Any]) -> NDArray[np.float64]:
        """The same of n cases, float64[n]."""
        table = encode(columns, self.inputs, self.codes)
        if hasattr(self.estimator, "predict_proba"):
            return np.asarray(self.estimator.predict_proba(table)[:, 1])
        return np.asarray(self.estimator.predict(table))


def encode(
    columns: Mapping[str, Any], inputs: tuple[str, ...], codes: Mapping[str, tuple[str, ...]]
) -> NDArray[np.float64]:
    """float64[n, inputs]: categories by their number; NaN for what is missing or was never seen."""

    def number(name: str, value: Any) -> float:
        if name in codes:
            return float(codes[name].index(value)) if value in codes[name] else math.nan
        truths = {"True": 1.0, "False": 0.0, None: math.nan}
        return truths[value] if value in truths else float(value)

    return np.array([[number(name, value) for value in columns[name]] for name in inputs]).T


def write_cases(example: Example, file: Path, recipe: Recipe) -> None:
    """ROWS cases with their outcomes as CSV."""
    random = Random(recipe.seed)
    cases = []
    for _ in range(ROWS):
        features = example.draw(random)
        outcome = example.decide(features, NO_WEIGHTS, random)
        after = example.learn_after(features, outcome, recipe.leaked or 0.0, random)
        cases.append({**features, example.leak: after, example.truth: f"{outcome:g}"})
    write_table(file, cases)


def write_table(file: Path, cases: Sequence[Mapping[str, Any]]) -> None:
    """At least one case, with the same names each, as CSV."""
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(cases[0]))
        writer.writeheader()
        writer.writerows(cases)


def train_version(
    example: Example,
    file: Path,
    recipe: Recipe,
    parts: tuple[slice, slice],
    weights: NDArray[np.float64] | None = None,
) -> tuple[Trained, Reference]:
    """Fit on the first of two parts of a file of cases, by their weights, and profile on the second."""
    columns = read_table(file)
    fitted, held_out = ({name: c[part] for name, c in columns.items()} for part in parts)
    inputs = example.inputs if recipe.leaked is None else (*example.inputs, example.leak)
    outcomes = np.asarray(fitted[example.truth], dtype=np.float64)
    chosen = np.random.default_rng(recipe.seed).random(len(outcomes)) < recipe.mixed
    outcomes[chosen] = np.random.default_rng(recipe.seed + 1).permutation(outcomes[chosen])
    make = HistGradientBoostingClassifier if example.task == "binary" else HistGradientBoostingRegressor
    estimator = make(max_iter=40, learning_rate=0.1, random_state=recipe.seed)
    estimator.fit(encode(fitted, inputs, example.codes), outcomes, sample_weight=weights)
    watched = (*(name for name in inputs if name != example.segment), example.unused)
    trained = Trained(estimator, inputs, example.codes, watched)
    told = {**held_out, example.prediction: trained.predict_many(held_out)}
    return trained, make_reference(
        told,
        prediction=example.prediction,
        truth=example.truth,
        segment=example.segment,
        ignore=[] if recipe.leaked is not None else [example.leak],
        categories=example.categories,
        by_segment=example.by_segment,
        dataset_id=file.stem,
    )


def train_all(example: Example) -> None:
    """The command of each example."""
    folder = read_models().trained(example.name)
    train(example, folder)
    print(f"{folder}: {', '.join(RECIPES)}, trained on {ROWS // 2} cases each")


def train(example: Example, folder: Path) -> None:
    """Every version into `folder/<version>`: cases.csv, reference.json, card.json, and last model.pickle."""
    live_cases = folder / LIVE / "cases.csv"
    for version, recipe in RECIPES.items():
        place = folder / version
        place.mkdir(parents=True, exist_ok=True)
        write_cases(example, place / "cases.csv", recipe)
        trained, reference = train_version(example, place / "cases.csv", recipe, HALVES)
        store(example, version, place, trained, reference, recipe, hold_out(live_cases, HALVES[1]))


def store(
    example: Example,
    version: str,
    place: Path,
    trained: Trained,
    reference: Reference,
    recipe: Recipe,
    judges: HeldOut,
) -> None:
    """Write all of a version but its cases, which are there."""
    model = pickle.dumps(trained)
    replace(place / "reference.json", reference.to_json().encode())
    card = make_card(example, version, trained, recipe, model, place / "cases.csv", judges)
    replace(place / "card.json", card.encode())
    replace(place / "model.pickle", model)


def replace(file: Path, content: bytes) -> None:
    """Write a file as a whole."""
    partial = file.with_suffix(".partial")
    partial.write_bytes(content)
    os.replace(partial, file)
