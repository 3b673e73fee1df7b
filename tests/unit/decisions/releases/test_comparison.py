"""A version beside the live one: from few answers on, and hardly ever wrong by chance."""

import numpy as np
import pytest

from decisions.releases.comparison import OUTAGE, QUALITY, TOLERATED, Counts, by_itself, compare
from services.assignment import GROUPS

NAMES = [f"{group:02d}" for group in range(GROUPS)]
LEVEL = 0.005


def spread(good: float, requests: int, users: int, groups: int = GROUPS) -> Counts:
    """Evenly over groups."""
    each = requests / groups
    return Counts(
        {name: good * each for name in NAMES[:groups]}, {name: each for name in NAMES[:groups]}, users
    )


def test_r22_a_much_worse_version_is_told_from_thirty_answers_of_six_users() -> None:
    live = spread(0.63, 2_000, 594)
    worse = compare(QUALITY, live, spread(0.05, 30, 6, 6), LEVEL)
    assert worse.worse and worse.change.value == pytest.approx(0.05 / 0.63 - 1)
    assert not compare(QUALITY, live, spread(0.45, 30, 6, 6), LEVEL).worse


def test_a_version_without_a_single_hit_is_told_too() -> None:
    assert compare(QUALITY, spread(0.63, 2_000, 594), spread(0.0, 25, 6, 6), LEVEL).worse


def test_few_users_are_less_sure_than_many_with_as_many_answers() -> None:
    live = Counts(
        {name: 40.0 if place % 2 else 20.0 for place, name in enumerate(NAMES)},
        dict.fromkeys(NAMES, 60.0),
        500,
    )
    few, many = (compare(QUALITY, live, spread(0.5, 60, users, 4), LEVEL) for users in (4, 60))
    assert few.change.high - few.change.low > 1.3 * (many.change.high - many.change.low)


@pytest.mark.parametrize(
    ("live", "candidate"),
    [(spread(0.6, 50, 20), spread(0.6, 50, 20)), (spread(0.6, 500, 20), Counts({}, {}, 0.0))],
    ids=["few of the live version", "none of the version"],
)
def test_too_few_requests_exclude_nothing(live: Counts, candidate: Counts) -> None:
    found = compare(QUALITY, live, candidate, LEVEL)
    assert not found.worse and not found.rules_out(0.99) and not found.doubtful
    assert "too few requests" in found.sentence


def test_one_failure_of_ten_is_no_outage_and_ten_of_ten_are() -> None:
    live = spread(1.0, 2_000, 594)
    assert not compare("answered", live, spread(0.9, 10, 6, 5), LEVEL).worse
    gone = compare("answered", live, spread(0.0, 10, 6, 5), LEVEL)
    assert gone.worse and gone.doubtful


def test_a_small_loss_of_answers_is_tolerated_and_a_larger_one_is_not() -> None:
    live = spread(0.995, 400_000, 9_000)
    small = compare("answered", live, spread(0.995 * (1 - TOLERATED / 2), 400_000, 9_000), LEVEL)
    assert small.change.high < 0 and not small.worse and not small.doubtful
    large = compare("answered", live, spread(0.995 * (1 - OUTAGE), 400_000, 9_000), LEVEL)
    assert large.worse


def test_in_the_shadow_failures_are_held_against_it_and_features_that_are_still_written_are_not() -> None:
    assert by_itself("answered", 5, 30).worse
    assert not by_itself("answered", 40, 0).worse
    assert not by_itself("answered", 0, 5).worse, "too few to say so"
    missing = by_itself("personalised", 20, 20, lasts=False)
    assert not missing.worse and missing.doubtful


def test_the_more_is_known_the_smaller_the_loss_that_is_ruled_out() -> None:
    live = spread(0.63, 5_000, 500)
    few, many = (
        compare(QUALITY, live, spread(0.63, requests, users), LEVEL, loss=0.3)
        for requests, users in ((64, 30), (3_200, 400))
    )
    assert many.rules_out(0.3) and not few.rules_out(0.3)


def test_r22_a_version_that_is_as_good_is_hardly_ever_called_worse_however_often_it_is_looked_at() -> None:
    """30 of 600 users, whose hit rates differ, come for 40 looks."""
    called = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        likely, group = rng.beta(3, 1.8, 600), rng.integers(0, GROUPS, 600)
        treated = np.arange(600) < 30
        requests, hits = np.zeros(600), np.zeros(600)
        for _ in range(40):
            more = rng.poisson(100 / 600, 600)
            requests, hits = requests + more, hits + rng.binomial(more, likely)
            live, candidate = (
                _count(requests[part], hits[part], group[part]) for part in (~treated, treated)
            )
            if compare(QUALITY, live, candidate, 0.05, loss=0.6).worse:
                called += 1
                break
    assert called <= 18, "5% of 200, and what chance adds to it"


def _count(
    requests: np.ndarray[tuple[int], np.dtype[np.float64]],
    hits: np.ndarray[tuple[int], np.dtype[np.float64]],
    group: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> Counts:
    summed = np.bincount(group, requests, GROUPS), np.bincount(group, hits, GROUPS)
    came = {name: float(n) for name, n in zip(NAMES, summed[0], strict=True) if n}
    good = {name: float(n) for name, n in zip(NAMES, summed[1], strict=True) if name in came}
    return Counts(good, came, float((requests > 0).sum()))
