"""Causes that are not where the time or the requests are lost: surges, retries, and waiting for a turn."""

from dataclasses import replace

from tests.unit.diagnosis.topology.shop import (
    NO_CONNECTION,
    SHOP,
    SLOW_PRICING,
    Load,
    path,
    verdict,
)


def test_a_surge_is_one_even_if_those_who_cause_it_send_telemetry() -> None:
    found = verdict(
        SHOP.change(
            users__gateway=Load(10, 0.085, later_rate=40, later_seconds=0.505),
            gateway=Load(10, 0.08, later_rate=40, later_seconds=0.5),
            pricing=Load(6, 0.09, later_rate=24, later_seconds=0.7),
            gateway__pricing=Load(6, 0.095, later_rate=24, later_seconds=0.71),
        )
    )
    assert (found.domain, found.cause) == ("traffic", "traffic-surge")


def test_requests_that_fail_as_fast_as_they_were_answered_are_no_surge_of_them() -> None:
    found = verdict(SHOP.change(gateway=Load(10, 0.08, later_rate=30, later_seconds=0.07, failed=0.9)))
    assert (found.domain, found.cause) == ("unknown", "service-failing")
    slower = SHOP.change(gateway=Load(10, 0.08, later_rate=30, later_seconds=0.6, failed=0.9))
    assert verdict(slower).cause == "traffic-surge"


def test_more_requests_to_a_service_than_its_callers_get_are_no_surge() -> None:
    found = verdict(
        SHOP.change(
            gateway=Load(10, 0.08, later_seconds=0.5),
            gateway__pricing=Load(6, 0.095, later_rate=24, later_seconds=0.3),
            pricing=Load(6, 0.09, later_rate=24, later_seconds=0.29),
        ),
        "pricing",
    )
    assert (found.cause, path(found)) == ("retry-storm", ["gateway"])


def test_retries_are_the_cause_where_their_callee_loses_some_of_the_calls_and_the_way_there_the_rest() -> (
    None
):
    found = verdict(
        SHOP.change(
            gateway=Load(10, 0.08, failed=0.8),
            gateway__pricing=Load(6, 0.095, later_rate=100, failed=0.98, error_type="TimeoutError"),
            pricing=Load(6, 0.09, later_rate=100, later_seconds=0.4, failed=0.78),
            pricing__postgresql=Load(12, 0.02, later_rate=40),
        ),
        "gateway",
        "pricing",
    )
    assert (found.cause, path(found)) == ("retry-storm", ["gateway"])
    assert found.confidence > 0.95


def test_requests_that_wait_without_cpu_before_a_database_that_is_well_wait_for_a_connection() -> None:
    processes = {("cpu", "pricing"): (0.2, 0.2)}
    waiting = verdict(replace(SLOW_PRICING, processes=processes))
    assert (waiting.cause, waiting.confidence > 0.6) == ("pool-exhausted", False)
    assert "before they call postgresql@db:5432" in waiting.summary
    given_up = SLOW_PRICING.change(pricing__postgresql=Load(12, 0.02, later_rate=6))
    assert verdict(replace(given_up, processes=processes)).confidence > 0.7


def test_calls_that_are_repeated_are_a_retry_storm_of_the_caller() -> None:
    failing = SHOP.change(
        gateway=Load(10, 0.08, failed=0.4),
        gateway__pricing=Load(6, 0.095, later_rate=24, failed=0.7, error_type="ReadTimeout"),
        pricing=Load(6, 0.09, later_rate=24),
    )
    found = verdict(failing)
    assert (found.domain, found.cause) == ("traffic", "retry-storm")
    assert found.entity is not None
    assert found.entity.name == "gateway"
    assert path(found) == ["gateway"]


def test_calls_that_are_repeated_as_they_fail_fast_are_no_cause() -> None:
    repeated = NO_CONNECTION.change(
        gateway__pricing=Load(6, 0.095, later_rate=14, failed=1.0, later_seconds=0.01, error_type="503"),
        pricing=Load(6, 0.09, later_rate=14, failed=1.0, later_seconds=0.01),
    )
    found = verdict(repeated)
    assert (found.cause, path(found)[-1]) == ("dependency-unreachable", "postgresql@db:5432")


def test_calls_that_stand_in_for_a_failing_cache_are_no_retries() -> None:
    found = verdict(
        SHOP.change(
            gateway=Load(10, 0.08, failed=0.5),
            gateway__redis=Load(10, 0.002, failed=0.9, error_type="ConnectionError"),
            gateway__pricing=Load(6, 0.095, later_rate=24),
            pricing=Load(6, 0.09, later_rate=24),
        )
    )
    assert found.cause == "dependency-unreachable"
    assert path(found) == ["gateway", "redis@cache:6379"]


def test_a_service_waits_for_its_turn_at_a_slow_database() -> None:
    """Of 1.4 s that pricing lost, 0.5 s are the database's own, the rest is waiting for a connection."""
    found = verdict(
        SHOP.change(
            gateway=Load(10, 0.08, later_seconds=0.92),
            pricing=Load(6, 0.09, later_seconds=1.49),
            gateway__pricing=Load(6, 0.095, later_seconds=1.495),
            pricing__postgresql=Load(12, 0.02, later_seconds=0.27),
        )
    )
    assert found.cause == "dependency-slow"
    assert found.confidence > 0.7


def test_a_service_does_not_wait_for_a_connection_of_its_pool_to_a_database_that_is_slower() -> None:
    """Of 0.5 s that pricing lost, 0.12 s are the database's own, which takes 1.75 times as long."""
    shop = SHOP.change(
        gateway=Load(10, 0.08, later_seconds=0.38),
        pricing=Load(6, 0.18, later_seconds=0.68),
        gateway__pricing=Load(6, 0.185, later_seconds=0.685),
        pricing__postgresql=Load(12, 0.08, later_seconds=0.14),
    )
    found = verdict(replace(shop, processes={("cpu", "pricing"): (0.2, 0.2)}))
    assert (found.cause, path(found)[-1]) == ("dependency-slow", "postgresql@db:5432")
    assert found.confidence > 0.7


def test_what_a_database_loses_next_to_nothing_of_is_not_waited_for_at_the_database() -> None:
    """It takes twice as long, which is 1% of what pricing lost."""
    slow = SLOW_PRICING.change(pricing__postgresql=Load(12, 0.003, later_seconds=0.006))
    found = verdict(replace(slow, processes={("cpu", "pricing"): (0.2, 0.2)}))
    assert (found.cause, path(found)) == ("pool-exhausted", ["gateway", "pricing"])


def test_requests_that_give_up_while_they_wait_for_a_slow_database_do_not_fail_by_themselves() -> None:
    """Two connections are always busy: fewer queries, eight times as long, and most of them not made."""
    slow = SHOP.change(
        gateway=Load(10, 0.08, later_seconds=0.8, failed=0.35),
        pricing=Load(6, 0.09, later_seconds=1.4, failed=0.6),
        gateway__pricing=Load(6, 0.095, later_seconds=1.4, failed=0.55, error_type="503"),
        pricing__postgresql=Load(6, 0.08, later_rate=3, later_seconds=0.68),
    )
    found = verdict(slow)
    assert (found.cause, path(found)) == ("dependency-slow", ["gateway", "pricing", "postgresql@db:5432"])
    assert found.confidence > 0.6
