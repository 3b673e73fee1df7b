import pytest

from report import wording


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0%"),
        (1e-6, "under 0.01%"),
        (0.0042, "0.42%"),
        (0.312, "31.2%"),
        (0.5, "50%"),
        (0.99972, "99.972%"),
        (0.9999999, "99.999%"),
        (1, "100%"),
        (2.5, "250%"),
        (18.54, "1,854%"),
    ],
)
def test_shares(share: float, text: str) -> None:
    assert wording.write_share(share) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0"), (982.4, "982"), (9_999, "9,999"), (43_120, "43.1 k"), (12_100_000, "12.1 M")],
)
def test_counts(count: float, text: str) -> None:
    assert wording.write_count(count) == text


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [(1.12, 1, "+12%"), (0.97, 1, "−3%"), (1.001, 1, "unchanged"), (1, 0, "unchanged")],
)
def test_changes(now: float, before: float, text: str) -> None:
    assert wording.write_change(now, before) == text
