"""Verdicts from what the package whence_monitor counts in a made-up service."""

from collections.abc import Iterator, Mapping

import pytest

from diagnosis import Evidence, Verdict, diagnose
from diagnosis.packs.models.queries import COUNTED, COUNTS, FEATURES, NAME
from diagnosis.sources.evidence import Labelled, pack
from prometheus.models.samples import ALL
from prometheus.series.models import FEATURE_MAGNITUDE, FEATURE_VALUES, REFERENCE_VALUES
from tests.rules.watched import NAMES
from tests.unit.diagnosis.packs.models.monitored import CHANGED, OF_ANOTHER, STEP, STEPS, Change, tell
from tests.unit.diagnosis.topology.shop import START

ONSET = START + STEP * CHANGED


def watch(change: Change) -> Iterator[tuple[float, str, Mapping[str, str], float]]:
    """Each sample of each series."""
    for step, worker in enumerate(tell(change)):
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


def judge(change: Change) -> Verdict:
    return diagnose(collect(change), {}, ["scoring"], alerted_at=ONSET + 90)


@pytest.mark.parametrize(
    ("change", "cause", "feature"),
    [({"amount": 100}, "unit-change", "amount"), ({"amount": 0}, "missing-feature", "amount")],
)
def test_a_feature_that_goes_wrong_is_named(change: Change, cause: str, feature: str) -> None:
    found = judge(change)
    assert (found.domain, found.cause, found.feature) == ("data", cause, feature)
    assert found.onset is not None and abs(found.onset - ONSET) <= 15
    assert found.measure == "Accuracy"
    assert found.confidence > 0.9
    segments = [part.points for part in found.decomposition if part.dimension == "segment"]
    assert found.measure_before is not None and found.measure_after is not None
    assert sum(segments) == pytest.approx(100 * (found.measure_after - found.measure_before), abs=0.01)


def test_inputs_of_different_requests_are_told_though_each_alone_is_as_ever() -> None:
    found = judge({"limit": OF_ANOTHER})
    assert (found.domain, found.cause, found.feature) == ("data", "inputs-drift", "")
    assert "no single feature did" in found.summary
    assert found.onset is not None and abs(found.onset - ONSET) <= 15


def test_a_feature_that_the_model_does_not_use_does_no_harm() -> None:
    found = judge({"age": 1.5})
    assert (found.domain, found.feature) == ("none", "age")


def test_nothing_is_blamed_where_nothing_changed() -> None:
    assert judge({}).domain == "unknown"
