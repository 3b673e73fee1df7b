"""The metrics of the package whence_monitor can be queried beside ours, by the same names of attributes."""

import pytest
from whence_monitor import instruments as package

from prometheus.names import REGISTRY, label, series
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
def test_a_metric_of_the_package_has_a_series_of_its_own(instrument: Instrument) -> None:
    found = series(instrument)
    assert found.name not in REGISTRY
    assert sum(series(other).name == found.name for other in OURS) == 1
    assert {label(package.MODEL), label(package.VERSION)} <= found.labels


@pytest.mark.parametrize(
    ("name", "name_here"),
    [("VERSION", "MODEL_VERSION"), *((n, n) for n in ("DATASET_ID", "SEGMENT", "FEATURE", "KIND"))],
)
def test_what_both_have_has_one_name(name: str, name_here: str) -> None:
    assert getattr(package, name) == getattr(a, name_here)
