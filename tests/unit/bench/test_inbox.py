"""When alerts arrived, as the inbox pushed them; nobody takes a deaf listener for peace."""

from typing import Any

import pytest

from bench import inbox
from bench.inbox import DEAF_LIMIT, Arrivals
from stack import StackError


class Clock:
    now = 1_000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(inbox, "time", clock)
    return clock


def incident(name: str, starts_at: str = "t1", status: str = "firing") -> dict[str, Any]:
    return {"alerts": [{"name": name, "starts_at": starts_at, "status": status}]}


def test_an_alert_arrives_once_at_its_first_push(clock: Clock) -> None:
    arrivals = Arrivals()
    arrivals.connect(True)
    for clock.now, alert in ((1_001.0, "A"), (1_002.0, "B"), (1_003.0, "A")):
        arrivals.take(incident(alert))
    assert arrivals.since(1_000) == {"A": 1_001.0, "B": 1_002.0}
    assert arrivals.since(1_002) == {"B": 1_002.0}


def test_the_same_alert_firing_anew_is_another_arrival_and_one_that_is_over_is_none(clock: Clock) -> None:
    arrivals = Arrivals()
    arrivals.connect(True)
    arrivals.take(incident("A"))
    clock.now = 1_100.0
    arrivals.take(incident("A", starts_at="t2"))
    arrivals.take(incident("B", status="resolved"))
    assert arrivals.since(1_050) == {"A": 1_100.0}


def test_a_listener_that_is_cut_off_says_so_and_forgives_a_restart(clock: Clock) -> None:
    arrivals = Arrivals()
    arrivals.connect(True)
    arrivals.connect(False)
    clock.now += DEAF_LIMIT - 1
    assert arrivals.since(0) == {}
    arrivals.connect(False)
    clock.now += 2
    with pytest.raises(StackError, match="alerts may be missing"):
        arrivals.since(0)
    arrivals.connect(True)
    assert arrivals.since(0) == {}
