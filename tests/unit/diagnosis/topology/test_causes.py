"""Why a made-up shop is slow or fails: each cause is told, and not told where its signs are missing."""

from dataclasses import replace

import pytest

from tests.unit.diagnosis.topology.shop import (
    NO_CONNECTION,
    ONSET,
    SHOP,
    SLOW_PRICING,
    START,
    Load,
    Name,
    path,
    verdict,
)

FAILING_PRICING = SHOP.change(
    gateway=Load(10, 0.08, failed=0.3),
    pricing=Load(6, 0.09, failed=0.5),
    gateway__pricing=Load(6, 0.095, failed=0.5),
)


def test_a_new_version_that_fails_is_a_bad_release() -> None:
    versions = {("pricing", "1.0.0"): (START, ONSET), ("pricing", "1.1.0"): (ONSET, START + 9_999)}
    found = verdict(replace(FAILING_PRICING, versions=versions))
    assert (found.domain, found.cause) == ("release", "release-errors")
    assert path(found) == ["gateway", "pricing"]
    assert "1.1.0" in found.remedy


def test_a_version_that_came_long_before_is_not_blamed() -> None:
    versions = {
        ("pricing", "1.0.0"): (START, START + 200),
        ("pricing", "1.1.0"): (START + 200, START + 9_999),
    }
    found = verdict(replace(FAILING_PRICING, versions=versions))
    assert (found.domain, found.cause) == ("unknown", "service-failing")
    assert found.confidence <= 0.3
    assert "its version has not changed" in found.summary


def test_a_version_that_nobody_told_is_not_said_to_be_the_same() -> None:
    found = verdict(replace(FAILING_PRICING, versions={}))
    assert found.cause == "service-failing"
    assert "its version is not known" in found.summary
    assert "not changed" not in found.summary


def test_one_slow_instance_of_several_is_named() -> None:
    instances: dict[Name, Load] = {("gateway", str(number)): Load(2.5, 0.08) for number in range(3)}
    instances["gateway", "3"] = Load(2.5, 0.08, later_seconds=0.9)
    shop = SHOP.change(gateway=Load(10, 0.08, later_seconds=0.285))
    found = verdict(replace(shop, loads={**shop.loads, **instances}))
    assert (found.domain, found.cause) == ("infrastructure", "instance-slow")
    assert found.entity is not None
    assert (found.entity.kind, found.entity.name) == ("instance", "gateway@3")
    assert path(found) == ["gateway"]


def test_more_requests_than_usual_are_why_all_of_it_is_slow() -> None:
    found = verdict(
        SHOP.change(
            gateway=Load(10, 0.08, later_rate=40, later_seconds=0.5),
            pricing=Load(6, 0.09, later_rate=24, later_seconds=0.7),
            gateway__pricing=Load(6, 0.095, later_rate=24, later_seconds=0.71),
        )
    )
    assert (found.domain, found.cause) == ("traffic", "traffic-surge")
    assert path(found) == ["gateway"]


@pytest.mark.parametrize(("rate", "cause"), [(0.25, "service-slow"), (25.0, "traffic-surge")])
def test_a_few_requests_more_are_chance_and_no_surge(rate: float, cause: str) -> None:
    more = SHOP.change(gateway=Load(rate, 0.08, later_rate=1.9 * rate, later_seconds=0.5))
    assert verdict(more).cause == cause


def test_a_minute_is_enough_to_know_the_usual_requests() -> None:
    surge = SHOP.change(gateway=Load(10, 0.08, later_rate=40, later_seconds=0.5))
    causes = [verdict(replace(surge, opened=ONSET - age)).cause for age in (80, 60)]
    assert causes == ["traffic-surge", "service-slow"]


def test_calls_that_wait_beside_fast_ones_wait_for_a_lock() -> None:
    shop = SHOP.change(
        gateway=Load(10, 0.08, later_seconds=0.32),
        pricing=Load(6, 0.09, later_seconds=0.49),
        gateway__pricing=Load(6, 0.095, later_seconds=0.495),
        pricing__postgresql=Load(12, 0.02, later_seconds=0.22, later_fastest=0.02),
    )
    found = verdict(shop)
    assert (found.domain, found.cause) == ("infrastructure", "dependency-locked")
    assert found.confidence <= 0.6
    assert path(found) == ["gateway", "pricing", "postgresql@db:5432"]


def test_no_alternative_is_surer_than_the_verdict() -> None:
    lock_with_timeouts = SHOP.change(
        gateway=Load(10, 0.08, later_seconds=0.32, failed=0.4),
        pricing=Load(6, 0.09, later_seconds=0.49, failed=0.6),
        gateway__pricing=Load(6, 0.095, later_seconds=0.495, failed=0.6),
        pricing__postgresql=Load(
            12, 0.02, later_seconds=0.22, later_fastest=0.02, failed=0.3, error_type="TimeoutError"
        ),
    )
    found = verdict(lock_with_timeouts)
    assert (found.cause, found.confidence) == ("dependency-locked", 0.6)
    assert found.alternatives[0].cause == "dependency-unreachable: postgresql@db:5432"
    assert found.alternatives[0].confidence == 0.6


BROKEN_CALLS = SHOP.change(
    gateway=Load(10, 0.08, later_seconds=0.8, failed=0.1),
    gateway__pricing=Load(6, 0.095, later_seconds=1.5, failed=0.2, error_type="RemoteProtocolError"),
)


def test_a_service_that_is_not_heard_and_breaks_some_calls_perhaps_ends_again_and_again() -> None:
    found = verdict(replace(BROKEN_CALLS, silent="pricing"))
    assert (found.domain, found.cause) == ("infrastructure", "service-restarts")
    assert path(found) == ["gateway", "pricing"]
    assert found.confidence <= 0.6
    assert "break the calls of gateway" in found.summary


def test_a_service_whose_instances_follow_each_other_ends_again_and_again() -> None:
    found = verdict(replace(BROKEN_CALLS, restarting={"pricing": 30.0}))
    assert (found.cause, path(found)) == ("service-restarts", ["gateway", "pricing"])
    assert found.confidence > 0.7
    replaced_once = replace(BROKEN_CALLS, restarting={"pricing": 1_000.0})
    assert verdict(replaced_once).cause != "service-restarts"


def test_processes_that_follow_each_other_under_one_identity_end_again_and_again() -> None:
    found = verdict(replace(BROKEN_CALLS, crashing={"pricing": 30.0}))
    assert (found.cause, path(found)) == ("service-restarts", ["gateway", "pricing"])
    assert found.confidence > 0.7
    proof = found.evidence[-1]
    assert proof.before is not None and proof.after is not None
    assert proof.before > 1_000 > 30 > proof.after
    assert 'process_uptime_seconds{service_name="pricing"}' in proof.query
    restarted_once = replace(BROKEN_CALLS, crashing={"pricing": 300.0})
    assert verdict(restarted_once).cause != "service-restarts"


def test_a_service_that_answers_no_call_is_not_reachable() -> None:
    down = BROKEN_CALLS.change(
        gateway__pricing=Load(6, 0.095, failed=1.0, error_type="ConnectionRefusedError")
    )
    found = verdict(replace(down, silent="pricing"))
    assert (found.cause, path(found)) == ("dependency-unreachable", ["gateway", "pricing"])


def test_a_service_that_fails_before_it_calls_its_database_perhaps_gets_no_connection() -> None:
    found = verdict(NO_CONNECTION)
    assert (found.domain, found.cause) == ("infrastructure", "dependency-unreachable")
    assert path(found) == ["gateway", "pricing", "postgresql@db:5432"]
    assert "hardly calls postgresql@db:5432 any more" in found.summary
    assert found.confidence <= 0.6
    still_called = NO_CONNECTION.change(pricing__postgresql=Load(12, 0.02))
    assert verdict(still_called).cause == "service-failing"


@pytest.mark.parametrize(
    ("reports", "cause"),
    [
        (Load(1, 0.02), "credentials-refused"),
        (Load(1, 0.02, later_rate=0.0), "dependency-unreachable"),
        (Load(1, 0.02, failed=0.5), "dependency-unreachable"),
    ],
    ids=["as ever", "not called", "failing"],
)
def test_a_database_that_answers_others_is_not_what_is_away(reports: Load, cause: str) -> None:
    found = verdict(NO_CONNECTION.change(reports=Load(1, 0.05), reports__postgresql=reports))
    assert (found.domain, found.cause) == ("infrastructure", cause)
    assert path(found) == ["gateway", "pricing", "postgresql@db:5432"]
    assert found.confidence <= 0.6
    assert ("still answers others" in found.summary) is (cause == "credentials-refused")


@pytest.mark.parametrize(
    ("query", "before", "after", "cause", "said"),
    [
        ("cpu", 0.2, 2.2, "cpu", "take 2.20 cores instead of 0.20"),
        ("memory", 90e6, 260e6, "memory", "holds 260 MB instead of 90 MB"),
        ("pool_waiting", 0.0, 6.0, "pool-exhausted", "6.0 requests of pricing wait"),
        ("open_files", 0.2, 0.99, "descriptors-exhausted", "99% of the descriptors"),
        ("busy_threads", 0.3, 1.0, "threads-exhausted", "100% of the threads"),
        ("loop_lag", 0.01, 0.4, "event-loop-blocked", "late by 400 ms instead of 10 ms"),
    ],
)
def test_what_a_slow_service_runs_out_of_is_named(
    query: str, before: float, after: float, cause: str, said: str
) -> None:
    found = verdict(replace(SLOW_PRICING, processes={(query, "pricing"): (before, after)}))
    assert (found.domain, found.cause) == ("infrastructure", cause)
    assert path(found) == ["gateway", "pricing"]
    assert found.confidence > 0.7
    assert said in found.evidence[-1].statement
    assert 'service_name="pricing"' in found.evidence[-1].query
    calm = verdict(replace(SLOW_PRICING, processes={(query, "pricing"): (before, before)}))
    assert calm.cause != cause
    assert calm.confidence <= 0.6


@pytest.mark.parametrize(
    ("signal", "of", "before", "after"),
    [
        ("open_files", "pricing", 0.2, 0.6),
        ("open_files", "pricing", 0.98, 0.99),
        ("open_files", "gateway", 0.2, 0.99),
        ("busy_threads", "pricing", 0.4, 0.8),
        ("loop_lag", "pricing", 0.01, 0.06),
        ("host_cpu_used", "", 0.99, 0.995),
        ("host_cpu_used", "", 0.3, 0.8),
    ],
)
def test_what_is_not_used_up_or_has_been_all_along_is_no_cause(
    signal: str, of: str, before: float, after: float
) -> None:
    found = verdict(replace(SLOW_PRICING, processes={(signal, of): (before, after)}))
    assert (found.cause, found.confidence <= 0.3) == ("service-slow", True)


def test_calls_end_late_where_the_event_loop_of_the_caller_is_blocked() -> None:
    shop = SHOP.change(
        gateway=Load(10, 0.08, later_seconds=0.45),
        pricing=Load(6, 0.09, later_seconds=0.69),
        gateway__pricing=Load(6, 0.095, later_seconds=0.7),
        pricing__postgresql=Load(12, 0.02, later_seconds=0.22),
    )
    found = verdict(replace(shop, processes={("loop_lag", "pricing"): (0.01, 0.25)}))
    assert (found.cause, path(found)) == ("event-loop-blocked", ["gateway", "pricing"])
    assert "The event loop of pricing is late" in found.summary
    assert 'service_name="pricing"' in found.evidence[-1].query
    assert found.confidence > 0.7
    assert (
        verdict(replace(shop, processes={("loop_lag", "pricing"): (0.01, 0.03)})).cause == "dependency-slow"
    )


def test_threads_that_all_take_cpu_are_not_what_is_short() -> None:
    taken = {("busy_threads", "pricing"): (0.3, 1.0), ("cpu", "pricing"): (0.2, 2.2)}
    assert verdict(replace(SLOW_PRICING, processes=taken)).cause == "cpu"


def test_threads_that_wait_for_a_slow_database_are_not_what_is_short() -> None:
    slow = SLOW_PRICING.change(pricing__postgresql=Load(12, 0.02, later_seconds=0.2))
    found = verdict(replace(slow, processes={("busy_threads", "pricing"): (0.3, 1.0)}))
    assert (found.cause, path(found)[-1]) == ("dependency-slow", "postgresql@db:5432")


def test_what_others_take_of_the_hosts_cpu_is_perhaps_why_a_service_waits() -> None:
    busy = replace(SLOW_PRICING, processes={("host_cpu_used", ""): (0.3, 0.99)})
    found = verdict(busy)
    assert (found.cause, path(found)) == ("cpu-starvation", ["gateway", "pricing", "pricing's host"])
    assert 0.5 <= found.confidence <= 0.6
    assert found.evidence[-1].statement == "99% of the host's CPU is in use instead of 30%."
    its_own = replace(busy, processes={**busy.processes, ("cpu", "pricing"): (0.2, 2.2)})
    assert verdict(its_own).cause == "cpu"


def test_a_disk_that_fills_up_is_perhaps_why_a_service_fails() -> None:
    found = verdict(replace(FAILING_PRICING, processes={("host_disk_used", ""): (0.99, 1.0)}))
    assert (found.cause, path(found)) == ("disk-full", ["gateway", "pricing", "pricing's host"])
    assert found.confidence <= 0.6
    assert "100.0% of the host's disk is in use instead of 99.0%" in found.evidence[-1].statement
    long_full = replace(FAILING_PRICING, processes={("host_disk_used", ""): (1.0, 1.0)})
    assert verdict(long_full).cause == "service-failing"


@pytest.mark.parametrize(
    ("error_type", "cause"),
    [("psycopg.errors.DiskFull", "disk-full"), ("psycopg.errors.DataError", "dependency-failing")],
)
def test_a_database_whose_disk_is_full_says_so(error_type: str, cause: str) -> None:
    failing = FAILING_PRICING.change(pricing__postgresql=Load(12, 0.02, failed=0.5, error_type=error_type))
    found = verdict(failing)
    assert (found.domain, found.cause) == ("infrastructure", cause)
    assert path(found) == ["gateway", "pricing", "postgresql@db:5432"]


def test_a_service_that_takes_no_connection_for_want_of_descriptors_is_told_from_one_that_is_down() -> None:
    refused = SHOP.change(
        gateway=Load(10, 0.08, failed=0.5),
        gateway__pricing=Load(6, 0.095, failed=0.9, error_type="ConnectTimeout"),
    )
    full = replace(refused, processes={("open_files", "pricing"): (0.2, 1.0)})
    assert [verdict(each).cause for each in (refused, full)] == [
        "dependency-unreachable",
        "descriptors-exhausted",
    ]


def test_calls_that_are_given_up_are_the_fault_of_the_slow_service() -> None:
    shop = SHOP.change(
        gateway=Load(10, 0.08, failed=0.4),
        gateway__pricing=Load(6, 0.095, failed=0.7, error_type="ReadTimeout"),
        pricing=Load(6, 0.09, later_seconds=0.9),
    )
    found = verdict(replace(shop, processes={("cpu", "pricing"): (0.2, 2.2)}))
    assert (found.domain, found.cause) == ("infrastructure", "cpu")
    assert path(found) == ["gateway", "pricing"]
