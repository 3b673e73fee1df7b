"""The metrics of the package whence_monitor are queried by their names, beside ours."""

import pytest
from whence_monitor import bins, reference
from whence_monitor import instruments as package
from whence_monitor.tasks import ranking, scores

from prometheus.models.items import BUCKETS, REGISTERS
from prometheus.names import series
from prometheus.series.models import NUMBER_BINS, OF_MODELS, OWN, SCORE_BINS
from telemetry import attributes as a
from telemetry.instruments import Instrument, Kind

OURS = [
    Instrument(
        found.name,
        Kind(found.kind.value),
        found.unit,
        found.description,
        (package.MODEL, package.VERSION, *found.attributes),
        service="",
    )
    for found in package.INSTRUMENTS
]


@pytest.mark.parametrize("instrument", OURS, ids=lambda found: found.name)
def test_a_metric_of_the_package_is_declared_as_the_series_it_becomes(instrument: Instrument) -> None:
    assert series(instrument) in OF_MODELS


def test_all_series_of_models_are_metrics_of_the_package_with_its_bins() -> None:
    assert len(OF_MODELS) == len(OURS)
    assert SCORE_BINS == scores.NAMES
    assert NUMBER_BINS == bins.FINITE
    assert (REGISTERS, BUCKETS) == (ranking.REGISTERS, ranking.BUCKETS)
    assert OWN == reference.OWN


@pytest.mark.parametrize(
    ("name", "name_here"),
    [("VERSION", "MODEL_VERSION"), *((n, n) for n in ("DATASET_ID", "SEGMENT", "FEATURE", "KIND"))],
)
def test_what_both_have_has_one_name(name: str, name_here: str) -> None:
    assert getattr(package, name) == getattr(a, name_here)
