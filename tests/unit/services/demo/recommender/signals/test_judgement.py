"""Ranking quality of an answer: equal to scikit-learn's, and to values worked out by hand."""

from math import log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from services.demo.recommender.signals.judgement import Judgement, judge


@st.composite
def answers(draw: st.DrawFn) -> tuple[set[int], int]:
    """Places clicked, and the number of items shown."""
    shown = draw(st.integers(2, 100))
    return draw(st.sets(st.integers(0, shown - 1))), shown


@given(answers())
def test_ndcg_is_that_of_scikit_learn(answer: tuple[set[int], int]) -> None:
    clicked, shown = answer
    gains = np.isin(np.arange(shown), list(clicked)).astype(float)
    expected = ndcg_score([gains], [np.arange(shown, 0, -1)])
    assert judge(clicked, shown).ndcg == pytest.approx(expected, abs=1e-9)


def test_by_hand() -> None:
    judged = judge([4, 1], 10)
    ideal = 1 + 1 / log2(3)
    assert judged == pytest.approx((1, 0.2, (1 / log2(3) + 1 / log2(6)) / ideal, 0.5))


@given(answers())
def test_all_parts_lie_between_zero_and_one_and_only_a_click_makes_them_positive(
    answer: tuple[set[int], int],
) -> None:
    judged = judge(*answer)
    assert all(0 <= part <= 1 + 1e-12 for part in judged)
    assert all(part > 0 for part in judged) == bool(answer[0])


def test_all_clicked_is_perfect() -> None:
    assert judge(range(7), 7) == pytest.approx((1, 1, 1, 1))
    assert judge([0], 1) == (1, 1, 1, 1)


def test_judgements_add_up() -> None:
    assert Judgement(1, 0.1, 0.5, 0.25).plus(Judgement(1, 0.3, 0.25, 1.0)) == pytest.approx(
        (2, 0.4, 0.75, 1.25)
    )
