"""Which version of a service is new, from when each was heard."""

import numpy as np
import pytest

from diagnosis import Evidence
from diagnosis.signals.series import AlignedSeries
from diagnosis.sources.evidence import Labelled, pack
from diagnosis.topology.versions import find_new_version, knows_version

ONSET, END = 600, 900
Stretch = tuple[int, int]


def heard(**versions: list[Stretch]) -> AlignedSeries:
    times = np.arange(0, END + 1, 5)
    rows = [
        Labelled(
            labels={"service_name": "pricing", "service_version": version.strip("v")},
            values=pack(
                [(at, 1) for at in times.tolist() if any(start <= at < end for start, end in stretches)]
            ),
        )
        for version, stretches in versions.items()
    ]
    return AlignedSeries(Evidence(start=0, end=END, step=5, series={"versions": rows}))


@pytest.mark.parametrize(
    ("versions", "new"),
    [
        ({"v1": [(0, 660)], "v2": [(600, 901)]}, "2"),
        ({"v1": [(0, 901)], "v2": [(600, 901)]}, "2"),
        ({"v2": [(0, 901)], "v1": [(560, 901)]}, "1"),
        ({"v1": [(0, 275), (600, 901)], "v2": [(200, 675)]}, "1"),
        ({"v1": [(0, 275)], "v2": [(200, 901)]}, None),
        ({"v1": [(0, 901)]}, None),
        ({"v1": [(0, 400), (600, 901)]}, None),
        ({"v1": [(600, 901)]}, None),
        ({"v1": [(0, 901)], "v2": [(0, 100), (150, 500), (560, 800)]}, None),
        ({"": [(0, 600)], "v1": [(600, 901)]}, None),
    ],
    ids=[
        "replaced",
        "beside another",
        "an older number",
        "rolled back",
        "long before",
        "never changed",
        "down for a while",
        "began with the onset",
        "heard now and then",
        "began to be told",
    ],
)
def test_a_version_is_new_if_another_ran_without_it_before(
    versions: dict[str, list[Stretch]], new: str | None
) -> None:
    assert find_new_version(heard(**versions), "pricing", ONSET) == new


def test_another_version_has_to_have_run_for_as_long_as_all_that_run_take_to_be_told() -> None:
    """However early the onset is found, and of services that were started together."""
    started = 500
    told_late = heard(v1=[(started, 901)], v2=[(started + 60, 901)])
    came = heard(v1=[(started, 901)], v2=[(started + 90, 901)])
    assert find_new_version(told_late, "pricing", ONSET) is None
    assert find_new_version(came, "pricing", started + 80) == "2"


def test_a_version_is_known_if_it_was_told_before_and_since() -> None:
    told = {"always": [(0, 901)], "since": [(605, 901)], "before": [(0, 600)]}
    known = [name for name, when in told.items() if knows_version(heard(v1=when), "pricing", ONSET)]
    assert known == ["always"]
    assert not knows_version(heard(**{"": [(0, 901)]}), "pricing", ONSET)
    assert not knows_version(heard(v1=[(0, 901)]), "gateway", ONSET)
