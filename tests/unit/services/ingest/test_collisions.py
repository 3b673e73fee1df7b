"""Two writers under one identity are told from restarts, late points and odd senders."""

from collections.abc import Iterable
from itertools import chain

import pytest

from services.ingest.collisions import IDENTITIES, TRACKED, WINDOW, Collisions
from tests.unit.services.ingest.support import Clock

SECOND = 10**9
Points = Iterable[tuple[float, float, float]]
"""Start, time and value, in seconds."""


def collide(points: Points, interval: float = 1.0) -> int:
    """How many points are taken for a second writer's."""
    clock = Clock()
    collisions = Collisions(clock)
    found = 0
    for start, time, value in points:
        clock.now = time
        found += collisions.look(1, 2, int(start * SECOND), int(time * SECOND), value)
    return found


def alternate(interval: float, starts: tuple[float, ...], values: tuple[float, ...], rounds: int) -> Points:
    """Writers that take turns, each with its own start and count."""
    for turn in range(rounds):
        for number, (start, value) in enumerate(zip(starts, values, strict=True)):
            yield start, 1000 + turn * interval + number * interval / 10, value + turn


@pytest.mark.parametrize("interval", [1, 10, 60])
@pytest.mark.parametrize(
    ("starts", "values"),
    [
        ((900, 900), (100, 3)),  # forked with their counters
        ((900, 901), (100, 100)),
        ((900, 950, 920, 910), (5, 7, 6, 9)),
    ],
    ids=["one start", "two starts", "four workers"],
)
def test_writers_that_take_turns_collide(
    interval: float, starts: tuple[float, ...], values: tuple[float, ...]
) -> None:
    assert collide(alternate(interval, starts, values, rounds=5))


def test_writers_whose_start_moves_with_each_point_collide() -> None:
    assert collide((t - 60, t, 100 + t if t % 2 else t) for t in range(1000, 1010))


def test_a_process_that_crashes_every_few_seconds_does_not() -> None:
    """Each begins after the last point of the one before."""
    lives = (((start, start + 2 + age, 10 * age) for age in range(4)) for start in range(1000, 1200, 7))
    assert not collide(chain.from_iterable(lives))


def test_one_that_is_replaced_while_it_still_sends_does_not() -> None:
    overlap = [(900, 1000, 50), (1000, 1001, 1), (900, 1002, 51), (1000, 1003, 2)]
    assert not collide(chain(overlap, ((1000, 1004 + n, 3 + n) for n in range(50))))


@pytest.mark.parametrize(
    "points",
    [
        [(t - 60, t, t % 10**6) for t in range(1000, 1060)],
        [(900, t, 5.0) for t in range(1000, 1060)],
        [(900, t, float("nan")) for t in range(1000, 1060)],
        [(0, t, t) for t in range(1000, 1060)],
    ],
    ids=["start moves", "still", "not a number", "no start"],
)
def test_an_odd_sender_alone_does_not(points: Points) -> None:
    assert not collide(points)


def test_points_that_come_again_or_late_do_not() -> None:
    once = [(900, t, t) for t in range(1000, 1010)]
    assert not collide([*once, *once, *once, *once])


def test_falls_far_apart_do_not() -> None:
    assert not collide(alternate(WINDOW, (900, 900), (100, 3), rounds=10))


def test_what_is_remembered_is_bounded() -> None:
    clock = Clock()
    collisions = Collisions(clock)
    for identity in range(IDENTITIES + 10):
        for series in range(TRACKED + 10):
            collisions.look(identity, series, 0, 1, 1.0)
    assert len(collisions._identities) == IDENTITIES
    assert {len(tracks) for tracks in collisions._identities.values()} == {TRACKED}
    clock.now += WINDOW + 1
    last = IDENTITIES + 9
    collisions.look(last, 10**6, 0, 1, 1.0)
    assert 10**6 in collisions._identities[last] and len(collisions._identities[last]) == TRACKED
