"""Losses are followed to where they arise, in systems that are made up."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnosis.topology.blame import Blame, System, find_blame
from diagnosis.topology.entity import Call, Entity, Kind, Topology
from diagnosis.topology.losses import Aspect
from diagnosis.topology.traffic import Sides, Traffic

STEPS = 60
BEFORE = np.arange(STEPS) < 40
SIDES = Sides(BEFORE, ~BEFORE)

GATEWAY, PRICING, FRAUD = (Entity(Kind.SERVICE, name) for name in ("gateway", "pricing", "fraud"))
POSTGRES, REDIS = Entity(Kind.DATABASE, "postgresql"), Entity(Kind.CACHE, "redis")


@dataclass(frozen=True)
class Load:
    """Requests per second, their usual seconds, what is added to these, and the share that fails after."""

    rate: float
    seconds: float
    later: float = 0.0
    failed: float = 0.0
    failed_before: float = 0.0

    def measure(self, seed: int = 1) -> Traffic:
        noise = np.random.default_rng(seed).normal(1, 0.03, STEPS)
        seconds = (self.seconds + np.where(BEFORE, 0.0, self.later)) * noise
        failed = np.where(BEFORE, self.failed_before, self.failed)
        return Traffic(np.full(STEPS, float(self.rate)), failed, seconds, seconds, 3 * seconds)


SHOP = {
    GATEWAY: Load(10, 0.08),
    PRICING: Load(6, 0.09),
    FRAUD: Load(1, 0.01),
    POSTGRES: Load(18, 0.005),
    REDIS: Load(10, 0.001),
}
CALLS = (
    Call(GATEWAY, PRICING),
    Call(GATEWAY, REDIS),
    Call(PRICING, POSTGRES),
    Call(PRICING, FRAUD),
)


def system(loads: Mapping[Entity, Load], calls: tuple[Call, ...] = CALLS) -> System:
    return System(
        Topology(calls), {entity: load.measure(at) for at, (entity, load) in enumerate(loads.items())}
    )


def shop(**changes: Load) -> System:
    names = {entity.name: entity for entity in SHOP}
    return system({**SHOP, **{names[name]: load for name, load in changes.items()}})


def blame(system: System, aspect: Aspect = Aspect.TIME, symptom: Entity = GATEWAY) -> list[Blame]:
    return find_blame(system, symptom, aspect, SIDES)


def test_a_slow_database_is_blamed_with_the_path_to_it() -> None:
    found = blame(
        shop(
            postgresql=replace(SHOP[POSTGRES], later=0.1),
            pricing=replace(SHOP[PRICING], later=0.3),
            gateway=replace(SHOP[GATEWAY], later=0.18),
        )
    )
    assert found[0].at == POSTGRES
    assert found[0].path == (GATEWAY, PRICING, POSTGRES)
    assert found[0].share > 0.9


def test_a_service_that_is_slow_itself_is_blamed_although_its_caller_is_slow_too() -> None:
    late = shop(pricing=replace(SHOP[PRICING], later=0.3), gateway=replace(SHOP[GATEWAY], later=0.18))
    assert [found.at for found in blame(late)][:1] == [PRICING]


def test_the_symptom_itself_is_blamed_when_no_dependency_moved() -> None:
    found = blame(shop(gateway=replace(SHOP[GATEWAY], later=0.2)))
    assert [each.at for each in found] == [GATEWAY]
    assert found[0].path == (GATEWAY,)


def test_failures_are_followed_like_time() -> None:
    found = blame(
        shop(
            redis=replace(SHOP[REDIS], failed=0.5),
            gateway=replace(SHOP[GATEWAY], failed=0.4),
        ),
        Aspect.REQUESTS,
    )
    assert found[0].at == REDIS


def test_a_dependency_that_always_fails_is_not_blamed() -> None:
    found = blame(
        shop(
            fraud=replace(SHOP[FRAUD], failed_before=0.5, failed=0.5),
            pricing=replace(SHOP[PRICING], failed=0.3),
            gateway=replace(SHOP[GATEWAY], failed=0.2),
        ),
        Aspect.REQUESTS,
    )
    assert found[0].at == PRICING


def test_nobody_is_blamed_when_nothing_moved() -> None:
    assert blame(shop()) == []
    assert blame(shop(), Aspect.REQUESTS) == []


def test_trouble_that_nobody_feels_is_nobodys_fault() -> None:
    assert blame(shop(fraud=replace(SHOP[FRAUD], later=0.005))) == []


def test_what_a_service_does_not_wait_for_is_not_why_it_is_slow() -> None:
    job = Entity(Kind.SERVICE, "job")
    loads = {**SHOP, GATEWAY: Load(10, 0.08, later=0.05), job: Load(1, 5.0, later=5.0)}
    assert [each.at for each in blame(system(loads, (*CALLS, Call(GATEWAY, job))))] == [GATEWAY]


def test_a_call_that_is_late_at_its_caller_only_is_lost_between_them() -> None:
    """pricing answers as ever; what gateway sees of it is late."""
    one = shop(gateway=replace(SHOP[GATEWAY], later=0.3))
    seen = replace(one, calls={Call(GATEWAY, PRICING): Load(6, 0.09, later=0.5).measure()})
    assert blame(seen)[0].at == Call(GATEWAY, PRICING)


def test_a_callee_that_lost_as_much_as_its_caller_saw_is_blamed_itself() -> None:
    one = shop(gateway=replace(SHOP[GATEWAY], later=0.3), pricing=replace(SHOP[PRICING], later=0.5))
    seen = replace(one, calls={Call(GATEWAY, PRICING): Load(6, 0.09, later=0.5).measure()})
    assert blame(seen)[0].at == PRICING


def test_a_service_that_cannot_be_reached_is_not_the_one_that_fails() -> None:
    one = shop(gateway=replace(SHOP[GATEWAY], failed=0.6))
    refused = replace(one, calls={Call(GATEWAY, PRICING): Load(6, 0.09, failed=1.0).measure()})
    assert blame(refused, Aspect.REQUESTS)[0].at == Call(GATEWAY, PRICING)


def test_two_causes_at_once_are_both_named() -> None:
    found = blame(
        shop(
            redis=replace(SHOP[REDIS], later=0.1),
            pricing=replace(SHOP[PRICING], later=0.2),
            gateway=replace(SHOP[GATEWAY], later=0.22),
        )
    )
    assert {each.at for each in found[:2]} == {REDIS, PRICING}
    assert sum(each.share for each in found) <= 1.001


def test_services_that_call_each_other_are_followed_once() -> None:
    calls = (*CALLS, Call(PRICING, GATEWAY))
    loads = {**SHOP, PRICING: Load(6, 0.09, later=0.3), GATEWAY: Load(10, 0.08, later=0.18)}
    assert blame(system(loads, calls))[0].at in {PRICING, GATEWAY}


def test_an_unknown_symptom_blames_nobody() -> None:
    assert blame(shop(), symptom=Entity(Kind.SERVICE, "nobody")) == []


def test_gaps_in_the_telemetry_are_left_out() -> None:
    late = shop(
        postgresql=Load(18.0, 0.005, later=0.1),
        pricing=Load(6.0, 0.09, later=0.3),
        gateway=Load(10.0, 0.08, later=0.18),
    )
    for traffic in late.served.values():
        assert traffic.seconds is not None
        traffic.seconds[::3] = np.nan
        traffic.rate[1::5] = np.nan
    assert blame(late)[0].at == POSTGRES


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from(sorted(SHOP)), st.floats(0, 2), max_size=5), st.sampled_from(Aspect))
def test_shares_never_exceed_the_whole(later: dict[Entity, float], aspect: Aspect) -> None:
    loads = {
        entity: replace(load, later=later.get(entity, 0.0), failed=min(1.0, later.get(entity, 0.0)))
        for entity, load in SHOP.items()
    }
    found = blame(system(loads), aspect)
    assert sum(each.share for each in found) <= 1 + 1e-6
    assert all(0 <= each.score <= 1 for each in found)
