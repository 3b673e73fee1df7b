from dataclasses import replace

import pytest

from alerts.panels import by_group, place
from alerts.rules.storage import HIGH_STORAGE_LATENCY, STORAGE_SLOWER_THAN_DEADLINE

TWO = (HIGH_STORAGE_LATENCY, STORAGE_SLOWER_THAN_DEADLINE)


def test_alerts_point_to_panels_by_title() -> None:
    assert [placed.panel_id for placed in place(TWO)] == [21, 22]


def test_a_renamed_panel_is_an_error() -> None:
    lost = replace(HIGH_STORAGE_LATENCY, panel="Latency of storage")
    with pytest.raises(
        ValueError, match="high-storage-latency: dashboard .* has no panel 'Latency of storage'"
    ):
        place([lost])


def test_alerts_of_one_component_and_interval_share_a_group() -> None:
    twin = replace(HIGH_STORAGE_LATENCY, slug="twin")
    groups = by_group(place([*TWO, twin]))
    assert {name: [placed.alert.slug for placed in members] for name, members in groups.items()} == {
        "storage, every 10s": ["storage-slower-than-deadline"],
        "storage, every 1m": ["high-storage-latency", "twin"],
    }
