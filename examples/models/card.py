"""A version's card for Whence's gate (docs/gate.md): how wrong it is on each case of one held-out half."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits
from whence_monitor import read_table

from examples.models.example import Example
from examples.models.faults.rows import count_faults

if TYPE_CHECKING:
    from examples.models.training import Recipe, Trained

TIMED, SLOW_SHARE = 100, 0.95


@dataclass(frozen=True)
class HeldOut:
    """Cases that no version was fitted to: columns of n values each."""

    id: str
    columns: Mapping[str, Any]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))


def hold_out(cases: Path, chosen: slice) -> HeldOut:
    """Some rows of a file of cases."""
    columns = {name: column[chosen] for name, column in read_table(cases).items()}
    return HeldOut(identify(cases), columns)


def identify(cases: Path) -> str:
    """A data set's id, from its file's bytes."""
    return sha256(cases.read_bytes()).hexdigest()[:12]


def make_card(
    example: Example,
    version: str,
    trained: "Trained",
    recipe: "Recipe",
    model: bytes,
    cases: Path,
    held_out: HeldOut,
) -> str:
    """The card as JSON of a version that was trained on `cases`, as `model` is stored.

    A feature that is known afterwards only is there for nobody.
    """
    predictions = trained.predict_many(held_out.columns).tolist()
    truths = np.asarray(held_out.columns[example.truth], dtype=np.float64).tolist()
    losses = [round(example.loss(*pair), 6) for pair in zip(predictions, truths, strict=True)]
    features = {
        name: {"type": "name" if name in example.codes else "number", "there": float(name != example.leak)}
        for name in trained.inputs
    }
    columns = read_table(cases)
    described = {
        "version": version,
        "dataset_id": identify(cases),
        "trained_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "algorithm": type(trained.estimator).__name__,
        "parameters": asdict(recipe),
        "metrics": {"loss": round(float(np.mean(losses)), 6)},
    }
    card = {
        "version": version,
        "service": example.name,
        "model": example.model,
        "held_out": held_out.id,
        "units": list(range(len(held_out))),
        "segments": list(map(str, held_out.columns[example.segment])),
        "metrics": {"loss": {"better": "lower", "values": losses}},
        "answer_seconds": time_answers(trained, held_out),
        "size": len(model),
        "features": features,
        "data": {"rows": len(columns[example.truth]), **count_faults(example, columns)},
        "described": described,
    }
    return json.dumps(card) + "\n"


def time_answers(trained: "Trained", held_out: HeldOut) -> float:
    """The 95th percentile of the processor seconds that a prediction takes, on one core."""
    seconds = []
    with threadpool_limits(1):
        for row in range(TIMED):
            case = {name: column[row] for name, column in held_out.columns.items()}
            begun = time.thread_time()
            trained.predict(case)
            seconds.append(time.thread_time() - begun)
    return float(np.quantile(seconds, SLOW_SHARE))
