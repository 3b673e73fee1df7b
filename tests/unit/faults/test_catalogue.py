"""The list of faults, and what all of them have in common."""

import pytest

from faults import SEVERITIES
from faults.catalogue import FAULTS

DOMAINS = {"infrastructure", "traffic", "telemetry", "model", "data"}


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_says_its_user_impact(name: str) -> None:
    fault = FAULTS[name]
    assert fault.name == name and fault.domain in DOMAINS and fault.impact


def test_there_are_sixteen_in_five_domains() -> None:
    assert len(FAULTS) == 16
    assert {fault.domain for fault in FAULTS.values()} == DOMAINS


def test_there_is_no_other() -> None:
    with pytest.raises(KeyError):
        FAULTS["world"]
    assert "aside" not in FAULTS and SEVERITIES == ("low", "medium", "high")
