"""What a simulated user does with a list."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.demo.traffic.habits import Event, Habits, Reaction, react

EAGER = Habits(go_on=0.99999, click_relevant=1.0, click_other=0.0, thumb=1.0)
ITEMS = list(range(1, 11))


def react_to(
    items: list[int], truth: dict[int, float], habits: Habits = EAGER, seed: int = 0
) -> list[Reaction]:
    return react(items, truth, habits, np.random.default_rng(seed))


def test_only_what_the_user_really_chose_is_clicked() -> None:
    clicked = [each.item_id for each in react_to(ITEMS, {3: 3.0, 8: 3.0, 99: 3.0})]
    assert sorted(clicked) == [3, 8]


@pytest.mark.parametrize(
    ("rating", "events"),
    [
        (5.0, ["click", "thumbs_up"]),
        (4.0, ["click", "thumbs_up"]),
        (3.5, ["click"]),
        (2.5, ["click"]),
        (2.0, ["click", "thumbs_down"]),
        (0.5, ["click", "thumbs_down"]),
    ],
)
def test_a_thumb_follows_the_held_out_rating(rating: float, events: list[str]) -> None:
    assert [each.event for each in react_to([7], {7: rating})] == events


def test_a_noise_click_gets_no_thumb() -> None:
    assert [each.event for each in react_to([7], {}, replace(EAGER, click_other=1.0))] == [Event.CLICK]


def test_what_stands_higher_is_clicked_more() -> None:
    habits = Habits()
    truth = dict.fromkeys(ITEMS, 3.0)
    clicks = [each.item_id for seed in range(4000) for each in react_to(ITEMS, truth, habits, seed)]
    counts = np.bincount(clicks, minlength=11)[1:] / 4000
    assert counts[0] == pytest.approx(habits.click_relevant, abs=0.03)
    assert counts[4] == pytest.approx(habits.click_relevant * habits.go_on**4, abs=0.03)
    assert counts[9] < counts[4] < counts[0]


@given(
    st.lists(st.integers(1, 40), unique=True, max_size=20),
    st.dictionaries(st.integers(1, 40), st.sampled_from([0.5, 2.0, 3.0, 4.0, 5.0])),
    st.integers(0, 1000),
)
def test_reactions_are_in_order_in_time_and_about_shown_items(
    items: list[int], truth: dict[int, float], seed: int
) -> None:
    reactions = react_to(items, truth, Habits(), seed)
    times = [each.after for each in reactions]
    assert times == sorted(times)
    assert all(1.0 <= after <= 5.0 for after in times)
    assert {each.item_id for each in reactions} <= set(items)
    assert len({(each.item_id, each.event) for each in reactions}) == len(reactions)
    thumbs = {each.item_id for each in reactions if each.event != Event.CLICK}
    assert thumbs <= {each.item_id for each in reactions if each.event == Event.CLICK}


def test_an_empty_list_gets_no_reaction() -> None:
    assert react_to([], {1: 5.0}) == []
