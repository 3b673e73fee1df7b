"""A made-up service that tells the package whence_monitor of ten minutes of its predictions of fraud."""

from collections.abc import Iterator, Mapping

import numpy as np
from whence_monitor import make_reference
from whence_monitor.reference import Reference

from monitor.tests.worker import Worker

STEP, STEPS, CHANGED, EACH = 10.0, 60, 36, 60
"""Seconds of a step, steps, the one from which something is different, and rows of each."""
RENEWED = 18
"""The step from which there may be another reference."""

Row = dict[str, object]


def draw(number: int, seed: int) -> list[Row]:
    rng = np.random.default_rng(seed)
    amounts = rng.lognormal(4, 0.6, number)
    return [
        {"amount": float(amount), "age": float(rng.normal(40, 10)), "kind": str(rng.choice(["a", "b"]))}
        for amount in amounts
    ]


def predict(row: Row) -> float:
    amount = row.get("amount")
    return 0.5 if amount is None else float(0.9 if float(str(amount)) > 55 else 0.1)


def learn(seed: int) -> Reference:
    """The reference of rows before any change."""
    rows = draw(3_000, seed)
    columns: dict[str, list[object]] = {name: [row[name] for row in rows] for name in rows[0]}
    columns["score"] = [predict(row) for row in rows]
    columns["bad"] = [predict(row) > 0.5 for row in rows]
    columns["group"] = ["old", "new"] * 1_500
    return make_reference(columns, prediction="score", truth="bad", segment="group", by_segment=["amount"])


REFERENCE = learn(9)

Change = Mapping[str, float]
"""Factors of a feature since the onset; 0 leaves it out."""


def tell(change: Change, since: Reference = REFERENCE) -> Iterator[Worker]:
    """The process after each step; one with another reference takes its place before something changes."""
    worker = Worker(model="fraud", reference=REFERENCE, segments=("old", "new"))
    for step in range(STEPS):
        if step == RENEWED and since is not REFERENCE:
            worker = Worker(model="fraud", reference=since, segments=("old", "new"))
        for number, row in enumerate(draw(EACH, step)):
            truth = predict(row) > 0.5
            seen = dict(row)
            for name, factor in change.items() if step >= CHANGED else ():
                seen[name] = float(str(row[name])) * factor if factor else None
            key = f"{step}-{number}"
            worker.monitor.observe(seen, predict(seen), key, ("old", "new")[number % 3 == 0])
            worker.monitor.label(key, truth)
        worker.monitor.flush()
        yield worker
