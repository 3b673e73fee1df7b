"""Who comes: by activity, rested, and now and then a stranger."""

import numpy as np
import pytest

from services.demo.dataset import Ratings
from services.demo.traffic.behaviour import Mix
from services.demo.traffic.crowd import Crowd
from services.demo.traffic.habits import Habits


def rate(counts: dict[int, int]) -> Ratings:
    users = np.repeat(np.array(list(counts), dtype=np.int32), list(counts.values()))
    movies = np.concatenate([np.arange(1, count + 1) for count in counts.values()]).astype(np.int32)
    values = np.full(len(users), 4.5, dtype=np.float32)
    return Ratings(users, movies, values, np.zeros(len(users), dtype=np.int64))


TRAIN = rate({user: 16 if user <= 50 else 64 for user in range(1, 101)})
HELD_OUT = rate({1: 2})


def draw(crowd: Crowd, visits: int, gap: float, seed: int = 0) -> list[int]:
    rng = np.random.default_rng(seed)
    return [crowd.choose(visit * gap, rng) for visit in range(visits)]


def test_active_users_come_more_often_by_the_square_root() -> None:
    users = np.array(draw(Crowd(TRAIN, HELD_OUT, Habits(unknown_user=0.0)), 20_000, gap=100.0))
    assert np.mean(users > 50) == pytest.approx(2 / 3, abs=0.02)


def test_one_in_a_hundred_is_unknown() -> None:
    users = np.array(draw(Crowd(TRAIN, HELD_OUT, Habits()), 20_000, gap=100.0))
    assert np.mean(users > 100) == pytest.approx(0.01, abs=0.003)


def test_a_user_rests_between_two_visits() -> None:
    gap = 0.5
    users = draw(Crowd(TRAIN, HELD_OUT, Habits(unknown_user=0.0)), 5000, gap)
    last: dict[int, float] = {}
    early = 0
    for visit, user in enumerate(users):
        early += visit * gap - last.get(user, -100.0) < 6.0
        last[user] = visit * gap
    assert early == 0


def test_a_small_crowd_does_not_stop_the_traffic() -> None:
    assert draw(Crowd(rate({5: 3}), HELD_OUT, Habits(unknown_user=0.0)), 10, gap=0.0) == [5] * 10


def test_the_same_seed_brings_the_same_users() -> None:
    first, second = (draw(Crowd(TRAIN, HELD_OUT, Habits()), 500, 0.05, seed=9) for _ in range(2))
    assert first == second
    assert first != draw(Crowd(TRAIN, HELD_OUT, Habits()), 500, 0.05, seed=10)


def test_the_truth_is_what_was_held_out() -> None:
    crowd = Crowd(TRAIN, HELD_OUT, Habits())
    assert crowd.truth_of(1) == {1: 4.5, 2: 4.5}
    assert crowd.truth_of(4711) == {}


def test_another_mix_brings_others() -> None:
    crowd = Crowd(TRAIN, HELD_OUT, Habits())
    rng = np.random.default_rng(3)
    mix = Mix(light=6, regular=1, unknown=3)
    users = np.array([crowd.choose(visit * 100.0, rng, mix) for visit in range(10_000)])
    light, regular, unknown = users <= 50, (users > 50) & (users <= 100), users > 100
    for found, share in ((light, 0.6), (regular, 0.1), (unknown, 0.3)):
        assert np.mean(found) == pytest.approx(share, abs=0.02)


def test_a_segment_without_users_is_made_up_by_the_others() -> None:
    crowd = Crowd(TRAIN, HELD_OUT, Habits())
    rng = np.random.default_rng(3)
    users = [crowd.choose(visit * 100.0, rng, Mix(light=1, heavy=9)) for visit in range(500)]
    assert max(users) <= 50
    assert crowd.choose(1e6, rng, Mix(heavy=1)) > 100, "nobody else is left"


def test_a_share_of_the_users_wants_what_others_wanted() -> None:
    held_out = rate({user: 1 for user in range(1, 101)})
    held_out.values[:] = np.arange(100)
    crowd = Crowd(TRAIN, held_out, Habits())
    own = {user: crowd.truth_of(user) for user in range(1, 101)}
    moved = {
        shift: {user for user in own if crowd.truth_of(user, shift) != own[user]}
        for shift in (0.0, 0.3, 0.6, 1.0)
    }
    assert [len(users) for users in moved.values()] == [0, 30, 60, 100]
    assert moved[0.3] < moved[0.6]
    assert sorted(own[user][1] for user in own) == sorted(crowd.truth_of(user, 1.0)[1] for user in own)
    assert crowd.truth_of(4711, 1.0) == {}
