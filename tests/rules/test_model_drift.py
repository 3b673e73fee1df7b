"""What the rules record of a model's features equals the package's formulas of what its processes saw."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from whence_monitor import INPUTS, PREDICTION, make_reference
from whence_monitor import bins as b
from whence_monitor import instruments as i
from whence_monitor.formulas import drift as d
from whence_monitor.formulas import significance as s
from whence_monitor.formulas.association import association
from whence_monitor.reference import Number

from tests.rules.watched import Process, Tell, ask, divide, pair, total, watch

FEATURES = ("amount", "steps", "country")


def observe(rows: Mapping[str, list[Any]]) -> Tell:
    def tell(process: Process, part: int) -> None:
        for row in divide(process, part, len(rows["score"])):
            features = {name: rows[name][row] for name in FEATURES}
            monitor = process.worker.monitor
            monitor.observe(features, rows["score"][row], row, ("old", "new")[row % 7 == 0])
            monitor.label(row, row % 3 == 0)

    return tell


def drawn(n: int, seed: int, shift: float = 0.0, faults: bool = False) -> dict[str, list[Any]]:
    rng = np.random.default_rng(seed)
    rows: dict[str, list[Any]] = {
        "amount": rng.normal(100 + 20 * shift, 20, n).tolist(),
        "steps": rng.integers(1, 4, n).tolist(),
        "country": rng.choice(["de", "fr", "above"], n, p=[0.6 - shift / 5, 0.3, 0.1 + shift / 5]).tolist(),
        "score": rng.beta(1, 3 - shift, n).tolist(),
    }
    if faults:
        rows["amount"][:40] = [None] * 10 + [float("inf")] * 6 + ["much"] * 4 + [1e6] * 12 + [-1e6] * 8
        rows["country"][:9] = ["xx"] * 9
    return rows


REFERENCE = make_reference(
    {**drawn(3_000, 5), "group": ["old", "new"] * 1_500, "late": [True, False, False] * 1_000},
    prediction="score",
    truth="late",
    segment="group",
    by_segment=["country"],
)


def test_inputs_that_no_longer_belong_together(tmp_path: Path) -> None:
    """Two numbers whose correlation turns: each alone is as in the reference."""

    def correlated(n: int, seed: int, sign: float) -> dict[str, list[float]]:
        one, other = np.random.default_rng(seed).normal(size=(2, n))
        return {"one": one.tolist(), "other": (sign * 0.8 * one + 0.6 * other).tolist()}

    def tell(process: Process, part: int) -> None:
        for row in divide(process, part, 900):
            process.worker.monitor.observe({name: values[row] for name, values in now.items()}, 0.5)

    reference, now = make_reference(correlated(3_000, 1, 1.0)), correlated(900, 2, -1.0)
    processes = pair(reference=reference)
    series = watch(*processes, tell=tell)
    known, of = reference.features[INPUTS], 'measure="psi", segment="all", window="10m"'
    then = np.array([known.counts.get(name, 0) for name in known.names])
    seen = np.array([total(i.FEATURE_VALUES, *processes, feature=INPUTS, bin=name) for name in known.names])
    drift, limit = f"model:feature:drift{{{of}}}", f'model:feature:drift_limit{{{of}, level="large"}}'
    expected: dict[str, float | None] = {
        f'model:feature:drift{{{of}, feature="{INPUTS}"}}': d.population_stability(then, seen),
        f"count({drift})": 3,
        f"count({drift} > ignoring (level) {limit})": 1,
        f'model:feature:faults{{feature="{INPUTS}"}}': None,
    }
    ask(tmp_path, series, expected)


def counts(feature: str, *processes: Process, segment: str = "") -> Any:
    """Names of its bins, counts of the reference, current counts."""
    known = REFERENCE.features[feature]
    tables = known.by_segment or {"": known.counts}
    chosen = [tables[segment]] if segment else tables.values()
    of = {"segment": segment} if segment else {}
    then = [sum(table.get(name, 0) for table in chosen) for name in known.names]
    now = [total(i.FEATURE_VALUES, *processes, feature=feature, bin=name, **of) for name in known.names]
    return known.names, np.array(then), np.array(now)


def middles(known: Number) -> Any:
    """Of each bin of numbers; out of range, the ends."""
    edges = (known.minimum, *known.edges, known.maximum)
    inner = [(low + high) / 2 for low, high in pairwise(edges)]
    return np.array([known.minimum, *inner, known.maximum])


def drifts(feature: str, *processes: Process, segment: str = "") -> dict[str, float | None]:
    names, then, now = counts(feature, *processes, segment=segment)
    of = f'feature="{feature}", segment="{segment or "all"}"'
    size = (then.sum(), now.sum())
    bins = d.occupied(then, now)
    values: dict[str, float | None] = {
        "psi": d.population_stability(then, now),
        "js": d.jensen_shannon(then, now),
    }
    limits: dict[str, float | None] = {
        "psi": s.stability_limit(0.1, bins, *size),
        "js": s.jensen_shannon_limit(np.sqrt(0.1 / (8 * np.log(2))), bins, *size),
    }
    known = REFERENCE.features[feature]
    if isinstance(known, Number):
        finite = [name in b.FINITE for name in names]
        binned = then[finite], now[finite]
        ks, wasserstein = d.kolmogorov_smirnov(*binned), d.wasserstein(*binned, middles(known))
        values |= {"ks": ks, "wasserstein": wasserstein}
        limits["ks"] = s.kolmogorov_smirnov_limit(0.1, *size)
        values["chi_square"] = limits["chi_square"] = None
    else:
        values |= {"ks": None, "chi_square": d.chi_square(then, now)[0]}
        limits |= {"ks": None, "chi_square": s.chi_square_limit(0.1, bins, *size)}
    return {
        f'model:feature:drift{{{of}, measure="{name}", window="{window}"}}': value
        for name, value in values.items()
        for window in ("10m", "1h")
    } | {
        f'model:feature:drift_limit{{{of}, measure="{name}", level="moderate", window="10m"}}': value
        for name, value in limits.items()
    }


@pytest.mark.parametrize("feature", REFERENCE.features)
@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_drift_and_its_limits(feature: str, shift: float, tmp_path: Path) -> None:
    processes = pair(reference=REFERENCE)
    series = watch(*processes, tell=observe(drawn(600, 6, shift, faults=shift > 0)))
    ask(tmp_path, series, drifts(feature, *processes))


@pytest.mark.parametrize(("shift", "exceeds"), [(0.0, None), (2.0, 1)])
def test_a_category_that_moves_exceeds_the_limit_of_chi_square(
    shift: float, exceeds: float | None, tmp_path: Path
) -> None:
    series = watch(*pair(reference=REFERENCE), tell=observe(drawn(600, 6, shift)))
    of = 'feature="country", measure="chi_square", segment="all", window="10m"'
    large = f'model:feature:drift_limit{{{of}, level="large"}}'
    ask(tmp_path, series, {f"count(model:feature:drift{{{of}}} > ignoring (level) {large})": exceeds})


@pytest.mark.parametrize(("fallen_back", "drifts"), [(0.0, None), (0.5, 1)])
def test_what_a_ranker_ranks_first(fallen_back: float, drifts: float | None, tmp_path: Path) -> None:
    """A part of the requests is answered with the same list."""
    rng = np.random.default_rng(11)
    weights = np.arange(1, 501) ** -0.5

    def lists(n: int) -> list[list[str]]:
        shown = rng.choice(500, (n, 5), p=weights / weights.sum())
        return [[f"i{item}" for item in dict.fromkeys(row)] for row in shown.tolist()]

    reference = make_reference({"shown": lists(5_000)}, prediction="shown")
    now = [["i0", "i1"] if rng.uniform() < fallen_back else shown for shown in lists(600)]

    def tell(process: Process, part: int) -> None:
        for row in divide(process, part, 600):
            process.worker.monitor.observe({}, now[row])

    processes = pair(task="ranking", reference=reference)
    series = watch(*processes, tell=tell)
    known, of = reference.features[PREDICTION], 'measure="psi", segment="all", window="10m"'
    then = np.array([known.counts.get(name, 0) for name in known.names])
    seen = np.array(
        [total(i.FEATURE_VALUES, *processes, feature=PREDICTION, bin=name) for name in known.names]
    )
    assert (then > 0).sum() == 16 and seen.sum() == 600
    drift, limit = f"model:feature:drift{{{of}}}", f'model:feature:drift_limit{{{of}, level="large"}}'
    expected: dict[str, float | None] = {
        f'model:feature:drift{{{of}, feature="{PREDICTION}"}}': d.population_stability(then, seen),
        f"count({drift} > ignoring (level) {limit})": drifts,
    }
    ask(tmp_path, series, expected)


def test_drift_of_a_segment(tmp_path: Path) -> None:
    processes = pair(reference=REFERENCE)
    series = watch(*processes, tell=observe(drawn(1_200, 7, 0.5)))
    ask(tmp_path, series, drifts("country", *processes, segment="new"))


def test_faulty_values_are_told_by_kind(tmp_path: Path) -> None:
    processes = pair(reference=REFERENCE)
    series = watch(*processes, tell=observe(drawn(600, 6, faults=True)))
    faults = 'model:feature:faults{feature="%s", segment="all", window="10m", kind="%s"}'
    amount = {"missing": 10, "infinite": 6, "wrong_type": 4, "out_of_range": 20}
    expected: dict[str, float | None] = {faults % ("amount", kind): n / 600 for kind, n in amount.items()}
    expected |= {faults % ("country", "unseen"): 9 / 600, faults % ("country", "out_of_range"): None}
    ask(tmp_path, series, expected)


def test_faulty_values_of_the_reference_are_told_by_kind(tmp_path: Path) -> None:
    rows = drawn(3_000, 5)
    rows["amount"][:300] = [None] * 300
    reference = make_reference(rows, prediction="score")
    series = watch(*pair(reference=reference), tell=observe(drawn(600, 6, faults=True)))
    faults = 'model:feature:faults_reference{feature="amount", segment="all", window="10m", kind="%s"}'
    ask(tmp_path, series, {faults % "missing": 0.1, faults % "infinite": 0, faults % "out_of_range": 0})


def test_the_size_of_a_number_now_and_in_the_reference(tmp_path: Path) -> None:
    rows = drawn(600, 6, faults=True)
    rows["amount"] = [-value if isinstance(value, float) else value for value in rows["amount"]]
    processes = pair(reference=REFERENCE)
    series = watch(*processes, tell=observe(rows))
    finite = [abs(value) for value in rows["amount"] if isinstance(value, float) and np.isfinite(value)]
    names, then, _ = counts("amount", *processes)
    known = REFERENCE.features["amount"]
    assert isinstance(known, Number)
    of = '{feature="amount", segment="all", window="10m"}'
    weights = then[[name in b.FINITE for name in names]]
    reference = float(np.average(np.abs(middles(known)), weights=weights))
    expected: dict[str, float | None] = {
        f"model:feature:magnitude{of}": float(np.mean(finite)),
        f"model:feature:magnitude_reference{of}": reference,
    }
    ask(tmp_path, series, expected)


def test_few_values_give_no_drift(tmp_path: Path) -> None:
    series = watch(*pair(reference=REFERENCE), tell=observe(drawn(50, 6)))
    ask(
        tmp_path,
        series,
        dict.fromkeys(["model:feature:drift", "model:feature:drift_limit", "model:feature:faults"]),
    )


def test_processes_with_different_references_are_not_added_up(tmp_path: Path) -> None:
    other = make_reference(drawn(2_000, 8), prediction="score")
    processes = Process(0, reference=REFERENCE), Process(1, reference=other)
    series = watch(*processes, tell=observe(drawn(600, 6)))
    drift = 'model:feature:drift{feature="amount", measure="psi", window="1h"'
    _, then, now = counts("amount", processes[0])
    alone = f'{drift}, reference="{REFERENCE.digest}"}}'
    ask(tmp_path, series, {alone: d.population_stability(then, now), f"count({drift}}})": 2})


def test_how_much_a_feature_tells_of_the_truth_here_and_in_the_reference(tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    amounts = rng.normal(size=3_000)
    truths = (rng.uniform(size=3_000) < 1 / (1 + np.exp(-2 * amounts))).astype(int)
    columns = {"amount": amounts, "score": rng.uniform(size=3_000), "truth": truths}
    reference = make_reference(columns, prediction="score", truth="truth", task="binary")
    processes = pair(reference=reference)

    def tell(process: Process, part: int) -> None:
        for row in divide(process, part, 600):
            process.worker.monitor.observe({"amount": amounts[row]}, 0.5, row)
            process.worker.monitor.label(row, truths[-row])

    series = watch(*processes, tell=tell)
    names = reference.features["amount"].names
    of = {"feature": "amount"}
    now, then = (
        association(
            *(
                np.array([total(which, *workers, bin=name, came_true=answer, **of) for name in names])
                for answer in ("no", "yes")
            )
        )
        for which, workers in ((i.FEATURE_TRUTHS, processes), (i.REFERENCE_TRUTHS, processes[:1]))
    )
    assert now < 0.3 < then
    told = 'model:feature:association{feature="amount", segment="all", window="%s"}'
    ask(tmp_path, series, {told % "10m": now, told % "1h": now, told % "reference": then})
