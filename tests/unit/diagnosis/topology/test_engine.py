"""Verdicts on a made-up shop, from nothing but its series."""

from dataclasses import replace

import pytest

from diagnosis import Verdict
from diagnosis.topology.engine import diagnose_services
from tests.unit.diagnosis.topology.shop import ADDRESSES, ALERTED, ONSET, SHOP, START, Load, Name, Shop


def verdict(shop: Shop, *services: str, alerted_at: float | None = ALERTED) -> Verdict:
    return diagnose_services(shop.evidence(), ADDRESSES, services or ("gateway",), alerted_at=alerted_at)


def path(found: Verdict) -> list[str]:
    return [place.name for place in found.path]


SLOW_DATABASE = SHOP.change(
    gateway=Load(10, 0.08, later_seconds=0.32),
    pricing=Load(6, 0.09, later_seconds=0.49),
    gateway__pricing=Load(6, 0.095, later_seconds=0.495),
    pricing__postgresql=Load(12, 0.02, later_seconds=0.22),
)


def test_a_slow_service_is_found_by_a_call_that_leaves_no_spans() -> None:
    slow = SHOP.change(gateway=Load(10, 0.08, later_seconds=0.38), pricing=Load(6, 0.09, later_seconds=0.59))
    loads = {name: load for name, load in slow.loads.items() if name != ("gateway", "pricing")}
    alone = replace(slow, loads=loads)
    assert path(verdict(alone)) == ["gateway"]
    assert path(verdict(replace(alone, declared=(("gateway", "pricing"),)))) == ["gateway", "pricing"]


def test_a_slow_database_is_named_with_the_path_to_it() -> None:
    found = verdict(SLOW_DATABASE)
    assert (found.domain, found.cause) == ("infrastructure", "dependency-slow")
    assert found.entity is not None
    assert (found.entity.kind, found.entity.name) == ("database", "postgresql@db:5432")
    assert path(found) == ["gateway", "pricing", "postgresql@db:5432"]
    assert found.onset is not None
    assert abs(found.onset - ONSET) <= 15
    assert found.confidence > 0.7
    assert "postgresql@db:5432 answers pricing late" in found.summary


def test_its_evidence_follows_the_path_and_moved_as_it_says() -> None:
    evidence = verdict(SLOW_DATABASE).evidence
    assert [statement.unit for statement in evidence] == ["s", "s", "s"]
    for statement in evidence:
        assert statement.before is not None
        assert statement.after is not None
        assert statement.after > 2 * statement.before
    assert 'db_system_name="postgresql"' in evidence[2].query
    assert [statement.entity for statement in evidence] == verdict(SLOW_DATABASE).path


@pytest.mark.parametrize(
    ("error_type", "cause"),
    [
        ("ConnectionRefusedError", "dependency-unreachable"),
        ("TimeoutError", "dependency-unreachable"),
        ("psycopg.OperationalError", "dependency-unreachable"),
        ("AuthenticationError", "credentials-refused"),
        ("429", "dependency-throttled"),
        ("DataError", "dependency-failing"),
    ],
)
def test_a_failing_cache_is_told_by_its_errors(error_type: str, cause: str) -> None:
    found = verdict(
        SHOP.change(
            gateway=Load(10, 0.08, failed=0.5),
            gateway__redis=Load(10, 0.002, failed=0.6, error_type=error_type),
        )
    )
    assert (found.domain, found.cause) == ("infrastructure", cause)
    assert path(found) == ["gateway", "redis@cache:6379"]


def test_a_service_that_cannot_be_reached_is_told_from_one_that_fails() -> None:
    found = verdict(
        SHOP.change(
            gateway=Load(10, 0.08, failed=0.5),
            gateway__pricing=Load(6, 0.095, failed=0.9, error_type="ConnectError"),
        )
    )
    assert found.cause == "dependency-unreachable"
    assert path(found) == ["gateway", "pricing"]
    call = found.evidence[-1]
    assert call.caller is not None and call.entity is not None
    assert (call.caller.name, call.entity.name) == ("gateway", "pricing")
    assert call.statement == "90.0% of the calls of gateway to pricing fail instead of 0.0%."
    assert 'service_name="gateway", server_address="10.0.0.7"' in call.query


def test_evidence_on_a_service_that_is_heard_no_more_has_no_numbers() -> None:
    refused = SHOP.change(
        gateway=Load(10, 0.08, failed=0.5),
        gateway__pricing=Load(6, 0.095, failed=0.9, error_type="ConnectError"),
    )
    said = [statement.statement for statement in verdict(silence(refused, "pricing")).evidence]
    assert "Requests to pricing are not seen any more." in said
    assert "nan" not in " ".join(said)


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


def test_a_service_that_answers_no_call_is_not_reachable() -> None:
    down = BROKEN_CALLS.change(
        gateway__pricing=Load(6, 0.095, failed=1.0, error_type="ConnectionRefusedError")
    )
    found = verdict(replace(down, silent="pricing"))
    assert (found.cause, path(found)) == ("dependency-unreachable", ["gateway", "pricing"])


NO_CONNECTION = SHOP.change(
    gateway=Load(10, 0.08, failed=0.6, later_seconds=0.02),
    gateway__pricing=Load(6, 0.095, failed=1.0, later_seconds=0.01, error_type="503"),
    pricing=Load(6, 0.09, failed=1.0, later_seconds=0.01),
    pricing__postgresql=Load(12, 0.02, later_rate=0.0),
)


def test_a_service_that_fails_before_it_calls_its_database_perhaps_gets_no_connection() -> None:
    found = verdict(NO_CONNECTION)
    assert (found.domain, found.cause) == ("infrastructure", "dependency-unreachable")
    assert path(found) == ["gateway", "pricing", "postgresql@db:5432"]
    assert "hardly calls postgresql@db:5432 any more" in found.summary
    assert found.confidence <= 0.6
    still_called = NO_CONNECTION.change(pricing__postgresql=Load(12, 0.02))
    assert verdict(still_called).cause == "service-failing"


SLOW_PRICING = SHOP.change(
    gateway=Load(10, 0.08, later_seconds=0.38),
    pricing=Load(6, 0.09, later_seconds=0.59),
    gateway__pricing=Load(6, 0.095, later_seconds=0.595),
)


@pytest.mark.parametrize(
    ("query", "before", "after", "cause", "said"),
    [
        ("cpu", 0.2, 2.2, "cpu", "take 2.20 cores instead of 0.20"),
        ("memory", 90e6, 260e6, "memory", "holds 260 MB instead of 90 MB"),
        ("pool_waiting", 0.0, 6.0, "pool-exhausted", "6.0 requests of pricing wait"),
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


def test_calls_that_are_given_up_are_the_fault_of_the_slow_service() -> None:
    shop = SHOP.change(
        gateway=Load(10, 0.08, failed=0.4),
        gateway__pricing=Load(6, 0.095, failed=0.7, error_type="ReadTimeout"),
        pricing=Load(6, 0.09, later_seconds=0.9),
    )
    found = verdict(replace(shop, processes={("cpu", "pricing"): (0.2, 2.2)}))
    assert (found.domain, found.cause) == ("infrastructure", "cpu")
    assert path(found) == ["gateway", "pricing"]


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


def test_the_path_begins_where_users_notice_it() -> None:
    found = verdict(SLOW_DATABASE, "pricing")
    assert path(found) == ["gateway", "pricing", "postgresql@db:5432"]


def test_a_service_that_fails_from_its_first_requests_is_not_surged() -> None:
    found = verdict(SHOP.change(gateway=Load(0.02, 0.08, later_rate=10, failed=0.9)))
    assert (found.domain, found.cause) == ("unknown", "service-failing")


@pytest.mark.parametrize("age", [60.0, 90.0, 150.0, 240.0])
def test_users_who_came_when_a_service_was_started_are_no_surge(age: float) -> None:
    shop = SHOP.change(
        gateway=Load(10, 0.08, failed=0.5),
        gateway__redis=Load(10, 0.002, failed=0.6, error_type="ConnectionError"),
    )
    found = verdict(replace(shop, opened=ONSET - age))
    assert (found.cause, path(found)) == ("dependency-unreachable", ["gateway", "redis@cache:6379"])


def test_nothing_is_none_only_if_nobody_was_alerted() -> None:
    assert verdict(SHOP, alerted_at=None).domain == "none"
    found = verdict(SHOP)
    assert found.domain == "unknown"
    assert "an alert fires" in found.summary


def test_a_moment_that_is_over_is_no_trouble_unless_somebody_was_alerted() -> None:
    moment = replace(SLOW_DATABASE, ends=ONSET + 15)
    assert verdict(moment, alerted_at=None).domain == "none"
    assert verdict(moment).domain != "none"
    assert verdict(replace(SLOW_DATABASE, ends=ONSET + 60), alerted_at=None).cause == "dependency-slow"


def test_a_service_without_telemetry_is_unknown_and_says_what_to_send() -> None:
    found = verdict(SHOP, "mystery", alerted_at=None)
    assert found.domain == "unknown"
    assert "mystery" in found.summary
    assert "http.server.request.duration" in found.remedy


def test_trouble_of_a_service_that_was_not_asked_about_is_not_told() -> None:
    assert verdict(SLOW_DATABASE, "mystery-neighbour", alerted_at=None).domain == "unknown"
    reports = replace(SLOW_DATABASE, loads={**SLOW_DATABASE.loads, ("reports",): Load(1, 0.2)})
    assert verdict(reports, "reports", alerted_at=None).domain == "none"


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


def test_the_impact_is_the_greater_the_more_users_notice() -> None:
    failing = SHOP.change(gateway=Load(10, 0.08, failed=0.04))
    worse = SHOP.change(gateway=Load(10, 0.08, failed=0.5))
    impacts = [verdict(shop).impact for shop in (SHOP, failing, worse)]
    assert impacts[0] == 0 < impacts[1] < impacts[2]


@pytest.mark.parametrize("after", [ONSET - 120, ONSET], ids=["another", "the same"])
def test_an_earlier_trouble_does_not_hide_what_an_alert_is_about(after: float) -> None:
    evidence = SLOW_DATABASE.evidence()
    found = diagnose_services(evidence, ADDRESSES, ["gateway"], alerted_at=ALERTED, after=after)
    assert (found.cause, path(found)[-1]) == ("dependency-slow", "postgresql@db:5432")
