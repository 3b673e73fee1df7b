import pytest

from bench.incidents.intervals import Share


@pytest.mark.parametrize(
    ("right", "of", "low", "high"),
    [(9, 10, 0.5958, 0.9821), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)],
)
def test_the_interval_is_wilsons(right: int, of: int, low: float, high: float) -> None:
    """9/10 and 81/263 (Newcombe, 1998, Statistics in Medicine 17:857, table I) by the published formula."""
    assert Share(right, of).interval == pytest.approx((low, high), abs=5e-4)


def test_a_share_of_nothing_says_nothing() -> None:
    assert Share(0, 0).interval == (0.0, 1.0)
    assert str(Share(0, 0)) == "–"


def test_a_share_says_its_counts_and_its_interval() -> None:
    assert str(Share(9, 10)) == "90% (9/10, 60%–98%)"
