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
    limits = rng.lognormal(4, 0.6, number)
    return [
        {
            "amount": float(limit * rng.lognormal(0, 0.2)),
            "limit": float(limit),
            "age": float(rng.normal(40, 10)),
            "kind": str(rng.choice(["a", "b"])),
        }
        for limit in limits
    ]


def predict(row: Row) -> float:
    """Of fraud: an amount above the limit."""
    amount, limit = row.get("amount"), row.get("limit")
    return 0.5 if amount is None else float(0.9 if float(str(amount)) > float(str(limit)) else 0.1)


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
"""Factors of a feature since the onset; 0 leaves it out, and OF_ANOTHER takes that of the request before."""
OF_ANOTHER = -1.0


def tell(change: Change, since: Reference = REFERENCE) -> Iterator[Worker]:
    """The process after each step; one with another reference takes its place before something changes."""
    worker = Worker(model="fraud", reference=REFERENCE, segments=("old", "new"))
    for step in range(STEPS):
        if step == RENEWED and since is not REFERENCE:
            worker = Worker(model="fraud", reference=since, segments=("old", "new"))
        rows = draw(EACH, step)
        for number, row in enumerate(rows):
            truth = predict(row) > 0.5
            seen = _change(row, rows[number - 1], change) if step >= CHANGED else row
            key = f"{step}-{number}"
            worker.monitor.observe(seen, predict(seen), key, ("old", "new")[number % 3 == 0])
            worker.monitor.label(key, truth)
        worker.monitor.flush()
        yield worker


def _change(row: Row, before: Row, change: Change) -> Row:
    seen = dict(row)
    for name, factor in change.items():
        value = before[name] if factor == OF_ANOTHER else float(str(row[name])) * factor
        seen[name] = value if factor else None
    return seen
