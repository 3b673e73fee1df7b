"""Every fault of the shop says what is then true, in the terms that a benchmark scores."""

import pytest

from bench.shop.case import UNLISTED
from examples.shop.faults.catalogue import MORE, SEVERITIES, Fault, Severity, known_faults, read_faults
from examples.shop.services.defects import Defects

FAULTS = {name: fault for name, fault in read_faults().items() if not fault.control}
CONTROLS = {name: fault for name, fault in read_faults().items() if fault.control}
CALLS = {
    "shop-gateway": {"shop-pricing", "redis"},
    "shop-pricing": {"shop-fraud", "postgresql"},
    "shop-fraud": set(),
}
EVERY = read_faults() | read_faults(UNLISTED)
ALL = pytest.mark.parametrize("fault", EVERY.values(), ids=list(EVERY))


def test_the_faults_and_controls_are_there() -> None:
    assert len(FAULTS) == 15
    assert set(CONTROLS) == {
        "harmless-release",
        "restart",
        "surge-within-capacity",
        "nothing",
        "lonely-trouble",
    }


def test_a_file_of_more_faults_is_known_beside_the_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(known_faults()) == set(read_faults())
    monkeypatch.setenv(MORE, str(UNLISTED))
    assert set(known_faults()) == set(EVERY)
    assert len(EVERY) >= len(read_faults()) + 6


@ALL
def test_every_fault_has_all_severities_and_they_differ_unless_it_has_none(fault: Fault) -> None:
    assert tuple(fault.severities) == SEVERITIES
    distinct = {str(parameters) for parameters in fault.severities.values()}
    assert len(distinct) in (1, 3)


@ALL
def test_a_path_leads_along_calls_from_the_symptom_to_the_entity(fault: Fault) -> None:
    path, entity = fault.truth.path, fault.truth.entity
    if not entity:
        assert (path, fault.truth.domain, fault.truth.cause) == ((), "none", "none")
        return
    assert path[-1] == entity.name
    assert all(callee in CALLS[caller] for caller, callee in zip(path, path[1:], strict=False))
    assert path[0] == ("shop-fraud" if fault.users == "nothing" else "shop-gateway")


@ALL
def test_controls_blame_nothing_and_hurt_nobody(fault: Fault) -> None:
    assert fault.control == (fault.truth.domain == "none")
    assert not fault.control or fault.users == "nothing"


@ALL
@pytest.mark.parametrize("severity", SEVERITIES)
def test_defects_are_ones_that_a_service_knows(fault: Fault, severity: Severity) -> None:
    parameters = fault.parameters(severity)
    if fault.inject["kind"] in ("defects", "release"):
        assert Defects(**parameters).service in ("gateway", "pricing", "fraud", "reports", "traffic")
    if fault.inject["kind"] == "release":
        assert parameters["version"] != "1.0.0"
