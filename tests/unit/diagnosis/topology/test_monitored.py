"""Verdicts from what the package whence_monitor counts in a made-up service."""

from collections.abc import Iterator, Mapping

import numpy as np
import pytest
from whence_monitor import make_reference

from diagnosis import Evidence, Verdict
from diagnosis.sources.evidence import Labelled, pack
from diagnosis.topology.engine import diagnose_services
from diagnosis.topology.models.queries import COUNTED, COUNTS, FEATURES, NAME, ask_models
from monitor.tests.worker import Worker
from prometheus.model_samples import ALL
from prometheus.models import FEATURE_MAGNITUDE, FEATURE_VALUES, REFERENCE_VALUES
from tests.rules.watched import NAMES
from tests.unit.diagnosis.topology.shop import START

STEP, STEPS, CHANGED, EACH = 10.0, 60, 36, 60
ONSET = START + STEP * CHANGED

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


def _reference() -> object:
    rows = draw(3_000, 9)
    columns: dict[str, list[object]] = {name: [row[name] for row in rows] for name in rows[0]}
    columns["score"] = [predict(row) for row in rows]
    columns["bad"] = [predict(row) > 0.5 for row in rows]
    columns["group"] = ["old", "new"] * 1_500
    return make_reference(columns, prediction="score", truth="bad", segment="group", by_segment=["amount"])


REFERENCE = _reference()

Change = Mapping[str, float]
"""Factors of a feature since the onset; 0 leaves it out."""


def watch(change: Change) -> Iterator[tuple[float, str, Mapping[str, str], float]]:
    """Each sample of each series."""
    worker = Worker(model="fraud", reference=REFERENCE, segments=("old", "new"))
    for step in range(STEPS):
        for number, row in enumerate(draw(EACH, step)):
            truth = predict(row) > 0.5
            seen = dict(row)
            for name, factor in change.items() if step >= CHANGED else ():
                seen[name] = float(str(row[name])) * factor if factor else None
            key = f"{step}-{number}"
            worker.monitor.observe(seen, predict(seen), key, ("old", "new")[number % 3 == 0])
            worker.monitor.label(key, truth)
        worker.monitor.flush()
        for name, point in worker.all_points():
            if hasattr(point, "value"):
                labels = {key.replace(".", "_"): str(value) for key, value in point.attributes.items()}
                yield START + STEP * (step + 1), NAMES[name], labels, float(point.value)


def collect(change: Change) -> Evidence:
    """As the queries do: the segment of everybody is made of the others."""
    counted = {series.name for series in COUNTED}
    of_features = {series.name for series in (FEATURE_VALUES, REFERENCE_VALUES, FEATURE_MAGNITUDE)}
    found: dict[tuple[str, tuple[tuple[str, str], ...]], dict[float, float]] = {}
    for at, name, labels, value in watch(change):
        query = COUNTS if name in counted else FEATURES if name in of_features else ""
        everybody = {**labels, "segment": ALL} if name != FEATURE_MAGNITUDE.name else labels
        told = [labels] if query == COUNTS else [everybody, *([labels] if "segment" in labels else [])]
        for each in told if query else ():
            key = query, tuple(sorted({**each, NAME: name, "service_name": "scoring"}.items()))
            of_key = found.setdefault(key, {})
            of_key[at] = of_key.get(at, 0.0) + value
    series: dict[str, list[Labelled]] = {}
    for (query, of), values in found.items():
        series.setdefault(query, []).append(Labelled(labels=dict(of), values=pack(sorted(values.items()))))
    return Evidence(start=START, end=START + STEP * STEPS, step=STEP, series=series)


def diagnose(change: Change) -> Verdict:
    return diagnose_services(collect(change), {}, ["scoring"], alerted_at=ONSET + 90)


@pytest.mark.parametrize(
    ("change", "cause", "feature"),
    [({"amount": 100}, "unit-change", "amount"), ({"amount": 0}, "missing-feature", "amount")],
)
def test_a_feature_that_goes_wrong_is_named(change: Change, cause: str, feature: str) -> None:
    found = diagnose(change)
    assert (found.domain, found.cause, found.feature) == ("data", cause, feature)
    assert found.onset is not None and abs(found.onset - ONSET) <= 15
    assert found.measure == "Accuracy"
    assert found.confidence > 0.9
    segments = [part.points for part in found.decomposition if part.dimension == "segment"]
    assert found.measure_before is not None and found.measure_after is not None
    assert sum(segments) == pytest.approx(100 * (found.measure_after - found.measure_before), abs=0.01)


def test_a_feature_that_the_model_does_not_use_does_no_harm() -> None:
    found = diagnose({"age": 1.5})
    assert (found.domain, found.feature) == ("none", "age")


def test_nothing_is_blamed_where_nothing_changed() -> None:
    assert diagnose({}).domain == "unknown"


def test_what_names_a_metric_is_a_label_that_answers_keep() -> None:
    """A client leaves `__name__` out."""
    assert all(f"sum by ({NAME}," in query for query in ask_models(900).values())
    assert NAME != "__name__"
