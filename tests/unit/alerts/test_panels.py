from dataclasses import replace

import pytest

from alerts.panels import by_group, place
from alerts.rules.storage import high_storage_latency, storage_slower_than_deadline
from config import Config

CONFIG = Config()
HIGH_STORAGE_LATENCY = high_storage_latency(CONFIG)
TWO = (HIGH_STORAGE_LATENCY, storage_slower_than_deadline(CONFIG))


def test_alerts_point_to_panels_by_title() -> None:
    assert [placed.panel_id for placed in place(TWO, CONFIG)] == [21, 22]


def test_a_renamed_panel_is_an_error() -> None:
    lost = replace(HIGH_STORAGE_LATENCY, panel="Latency of storage")
    with pytest.raises(
        ValueError, match="high-storage-latency: dashboard .* has no panel 'Latency of storage'"
    ):
        place([lost], CONFIG)


def test_alerts_of_one_component_and_interval_share_a_group() -> None:
    twin = replace(HIGH_STORAGE_LATENCY, slug="twin")
    groups = by_group(place([*TWO, twin], CONFIG))
    assert {name: [placed.alert.slug for placed in members] for name, members in groups.items()} == {
        "storage, every 10s": ["storage-slower-than-deadline"],
        "storage, every 1m": ["high-storage-latency", "twin"],
    }
