"""A version that has learned from the outcomes of a period, for `make retrain` (docs/retraining.md)."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from whence_monitor import read_table

from examples.models.card import hold_out, identify, make_card
from examples.models.example import Example
from examples.models.faults.rows import count_faults
from examples.models.live import Live
from examples.models.predictions import Outcome, Predictions
from examples.models.settings import Models
from examples.models.training import HALVES, LIVE, RECIPES, Recipe, replace, store, train_version, write_table
from examples.shop.run.settings import ExampleError

HELD_OUT = 0.2
"""Part of the outcomes, the latest."""

OLD_CASE = 0.05
"""What a case that the first version was fitted to counts, beside one of the period."""

FEWEST = 1_000

RECIPE = Recipe(seed=7)


def retrain(example: Example, models: Models, since: float, until: float) -> dict[str, Any]:
    """Learn from outcomes that were told between two Unix times; the report for Whence.

    Raises ExampleError if these are too few.
    """
    outcomes = Predictions(models.predictions(example.name)).read_outcomes(since, until)
    if len(outcomes) < FEWEST:
        raise ExampleError(f"{len(outcomes)} outcomes were told since then, {FEWEST} are needed")
    folder = models.trained(example.name)
    live, version = Live(folder).now, choose_name(folder)
    place = folder / version
    place.mkdir(parents=True, exist_ok=True)
    cases = place / "cases.csv"
    old = _read_rows(folder / LIVE / "cases.csv", HALVES[0])
    write_table(cases, [*old, *(_describe(example, each) for each in outcomes)])
    cut = len(old) + int(len(outcomes) * (1 - HELD_OUT))
    weights = np.where(np.arange(cut) < len(old), OLD_CASE, 1.0)
    held_out = slice(cut, len(old) + len(outcomes))
    trained, reference = train_version(example, cases, RECIPE, (slice(0, cut), held_out), weights)
    judges = hold_out(cases, held_out)
    store(example, version, place, trained, reference, RECIPE, judges)
    model = (folder / live / "model.pickle").read_bytes()
    recipe, own = RECIPES.get(live, RECIPE), folder / live / "cases.csv"
    card = make_card(example, live, pickle.loads(model), recipe, model, own, judges)
    replace(place / "live-card.json", card.encode())
    return {
        "version": version,
        "dataset_id": identify(cases),
        "data": _report(example, cases, slice(len(old), None)),
        "former": _report(example, cases, slice(len(old))),
        "card": str(place / "card.json"),
        "live_card": str(place / "live-card.json"),
    }


def choose_name(folder: Path) -> str:
    """The next patch of the first version that is not taken."""
    release = LIVE.rpartition(".")[0]
    taken = [place.name.removeprefix(f"{release}.") for place in folder.glob(f"{release}.*")]
    return f"{release}.{1 + max((int(patch) for patch in taken if patch.isdigit()), default=0)}"


def _read_rows(file: Path, chosen: slice) -> list[Mapping[str, Any]]:
    columns = {name: column[chosen] for name, column in read_table(file).items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _describe(example: Example, told: Outcome) -> dict[str, Any]:
    """As a row of the cases; what is known afterwards only is not known here."""
    features = {name: told.features.get(name) for name in (*example.inputs, example.unused)}
    return {**features, example.leak: 0, example.truth: f"{told.outcome:g}"}


def _report(example: Example, cases: Path, chosen: slice) -> dict[str, Any]:
    columns = {name: column[chosen] for name, column in read_table(cases).items()}
    outcomes, faults = columns[example.truth], count_faults(example, columns)
    report: dict[str, Any] = {
        "rows": len(outcomes),
        **{name: faults[name] for name in ("duplicates", "out_of_range")},
    }
    if example.task == "binary":
        report["positive"] = float(np.mean(np.asarray(outcomes, dtype=np.float64)))
    return report
