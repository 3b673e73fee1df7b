"""Services of which nothing is heard any more."""

from dataclasses import replace

from tests.unit.diagnosis.topology.shop import (
    ONSET,
    SHOP,
    Load,
    Shop,
    path,
    verdict,
)


def silence(shop: Shop, service: str) -> Shop:
    """Without what the service itself sends after the onset."""
    return replace(shop, silent=service)


def test_lost_telemetry_is_told_by_callers_that_are_answered() -> None:
    found = verdict(silence(SHOP, "pricing"), "pricing")
    assert (found.domain, found.cause) == ("telemetry", "telemetry-lost")
    assert found.onset is not None
    assert abs(found.onset - ONSET) <= 5


def test_telemetry_of_which_single_points_get_through_is_lost() -> None:
    found = verdict(replace(silence(SHOP, "pricing"), heard_every=30), "pricing")
    assert (found.domain, found.cause) == ("telemetry", "telemetry-lost")
    assert found.onset is not None
    assert abs(found.onset - ONSET) <= 5
    often = verdict(replace(silence(SHOP, "pricing"), heard_every=3), "pricing", alerted_at=None)
    assert often.domain == "none"


def test_lost_telemetry_of_a_dependency_is_told_where_nothing_else_is_wrong() -> None:
    found = verdict(silence(SHOP, "pricing"), "gateway", alerted_at=None)
    assert (found.cause, path(found)) == ("telemetry-lost", ["pricing"])


def test_a_service_that_is_down_is_told_by_callers_that_are_not() -> None:
    refused = Load(6, 0.095, failed=1.0, error_type="ConnectError")
    found = verdict(silence(SHOP.change(gateway__pricing=refused), "pricing"), "pricing")
    assert (found.domain, found.cause) == ("infrastructure", "service-down")


def test_a_service_that_nobody_calls_any_more_has_no_traffic() -> None:
    found = verdict(SHOP.change(gateway=Load(10, 0.08, later_rate=0.0)))
    assert (found.domain, found.cause) == ("traffic", "traffic-gone")


def test_silence_without_a_witness_is_unknown() -> None:
    found = verdict(silence(SHOP, "gateway"))
    assert found.domain == "unknown"
    assert "is down, or its telemetry is lost" in found.summary
