"""Verdicts on a made-up shop, from nothing but its series: where it arises, and what is told of it."""

from dataclasses import replace

import numpy as np
import pytest

from diagnosis import diagnose
from diagnosis.sources.evidence import Labelled, pack
from tests.unit.diagnosis.topology.shop import (
    ADDRESSES,
    ALERTED,
    ONSET,
    SHOP,
    Load,
    path,
    verdict,
)

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
    said = [statement.statement for statement in verdict(replace(refused, silent="pricing")).evidence]
    assert "Requests to pricing are not seen any more." in said
    assert "nan" not in " ".join(said)


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


def test_a_moment_does_not_hide_what_lasts() -> None:
    """Some calls of the cache fail since the onset, and all is slow for half a minute."""
    failing = SHOP.change(
        gateway=Load(10, 0.08, failed=0.1),
        gateway__redis=Load(10, 0.002, failed=0.08, error_type="ConnectionError"),
    )
    evidence = failing.evidence()
    series = {
        name: [_pause(row) for row in rows] if name.endswith("_seconds") else rows
        for name, rows in evidence.series.items()
    }
    paused = evidence.model_copy(update={"series": series})
    found = diagnose(paused, ADDRESSES, ["gateway"], alerted_at=ALERTED)
    assert (found.cause, path(found)[-1]) == ("dependency-unreachable", "redis@cache:6379")


def _pause(row: Labelled) -> Labelled:
    times, values = row.values.T
    return row.model_copy(
        update={
            "values": pack(np.column_stack([times, np.where(abs(times - ALERTED) < 15, 5 * values, values)]))
        }
    )


def test_a_service_without_telemetry_is_unknown_and_says_what_to_send() -> None:
    found = verdict(SHOP, "mystery", alerted_at=None)
    assert found.domain == "unknown"
    assert "mystery" in found.summary
    assert "http.server.request.duration" in found.remedy


def test_trouble_of_a_service_that_was_not_asked_about_is_not_told() -> None:
    assert verdict(SLOW_DATABASE, "mystery-neighbour", alerted_at=None).domain == "unknown"
    reports = replace(SLOW_DATABASE, loads={**SLOW_DATABASE.loads, ("reports",): Load(1, 0.2)})
    assert verdict(reports, "reports", alerted_at=None).domain == "none"


def test_the_impact_is_the_greater_the_more_users_notice() -> None:
    failing = SHOP.change(gateway=Load(10, 0.08, failed=0.04))
    worse = SHOP.change(gateway=Load(10, 0.08, failed=0.5))
    impacts = [verdict(shop).impact for shop in (SHOP, failing, worse)]
    assert impacts[0] == 0 < impacts[1] < impacts[2]


@pytest.mark.parametrize("after", [ONSET - 120, ONSET], ids=["another", "the same"])
def test_an_earlier_trouble_does_not_hide_what_an_alert_is_about(after: float) -> None:
    evidence = SLOW_DATABASE.evidence()
    found = diagnose(evidence, ADDRESSES, ["gateway"], alerted_at=ALERTED, after=after)
    assert (found.cause, path(found)[-1]) == ("dependency-slow", "postgresql@db:5432")
