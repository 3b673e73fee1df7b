from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from grafana.layout import COLUMNS, arrange, title_room
from grafana.model.parts import GridPos


class Placed:
    def __init__(self, w: int, h: int) -> None:
        self.gridPos = type("Position", (), {"w": w, "h": h, "x": 0, "y": 0})()


sizes = st.lists(st.tuples(st.integers(1, COLUMNS), st.integers(1, 12)), min_size=1, max_size=20)


@given(sizes)
def test_panels_stay_on_the_grid_and_apart(chosen: list[tuple[int, int]]) -> None:
    panels = [Placed(w, h) for w, h in chosen]
    arrange(panels)
    places = [
        GridPos(**vars(panel.gridPos) | {"w": w, "h": h})
        for panel, (w, h) in zip(panels, chosen, strict=True)
    ]
    assert not any(one.overlaps(other) for one, other in combinations(places, 2))
    assert [(place.y, place.x) for place in places] == sorted((place.y, place.x) for place in places)


def test_a_full_line_starts_a_new_one_below_its_tallest() -> None:
    panels = [Placed(12, 4), Placed(12, 8), Placed(24, 1)]
    arrange(panels)
    assert [(panel.gridPos.x, panel.gridPos.y) for panel in panels] == [(0, 0), (12, 0), (0, 8)]


def test_a_title_has_the_room_that_was_measured() -> None:
    """Seen in Grafana 12.4: of 3 columns, "Requests" is whole in any window, "Hit rate now" is cut."""
    assert len("Requests") <= title_room(3) < len("Hit rate now")


def test_an_alerts_heart_takes_room_from_the_title() -> None:
    assert title_room(8, alerts=True) < title_room(8)
