"""What predictions took, cost, and how old their features were, by version."""

from datetime import UTC, datetime, timedelta
from time import time
from typing import Any

import pytest
from whence_monitor import instruments as i

from monitor.tests.worker import Worker


def test_latency_cost_and_age_are_those_of_the_version_that_predicted() -> None:
    old = Worker()
    new = Worker(version="2", meter_provider=old.provider)
    for worker, latency in ((old, 0.02), (new, 0.2)):
        for _ in range(3):
            made = datetime.now(UTC) - timedelta(hours=1)
            worker.monitor.observe({}, 0.5, latency=latency, cost=0.25, features_at=made)
            worker.monitor.observe({}, 0.5, features_at=time() - 7_200)
        worker.monitor.flush()
    of_latency, of_age = (
        {a["model.version"]: (p.count, p.sum) for a, p in old.points(each)}
        for each in (i.LATENCY, i.FEATURE_AGE)
    )
    assert of_latency == {"1": (3, pytest.approx(0.06)), "2": (3, pytest.approx(0.6))}
    assert of_age["2"] == (6, pytest.approx(3 * (3_600 + 7_200), abs=60))
    assert {a["model.version"]: cost for a, cost in old.points(i.COST)} == {"1": 0.75, "2": 0.75}
    assert old.problems() == {}


def test_what_is_not_told_is_not_counted() -> None:
    worker = Worker()
    worker.monitor.observe({}, 0.5)
    worker.monitor.flush()
    assert [worker.points(each) for each in (i.LATENCY, i.FEATURE_AGE)] == [[], []]


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"latency": -400}, "invalid_time"),
        ({"latency": "fast"}, "invalid_time"),
        ({"latency": float("nan")}, "invalid_time"),
        ({"features_at": "yesterday"}, "invalid_time"),
        ({"features_at": time() + 4_000}, "invalid_time"),
        ({"cost": -1}, "invalid_cost"),
        ({"cost": float("inf")}, "invalid_cost"),
        ({"cost": 1e300}, "invalid_cost"),
        ({"cost": []}, "invalid_cost"),
    ],
)
def test_what_is_none_is_counted_and_the_prediction_is(told: Any, kind: str) -> None:
    worker = Worker()
    worker.monitor.observe({}, 0.5, **told)
    assert worker.sum(i.PREDICTIONS) == 1
    assert worker.problems() == {kind: 1}
    assert worker.sum(i.COST) == 0


def test_clocks_that_differ_a_little_make_no_problem() -> None:
    worker = Worker()
    worker.monitor.observe({}, 0.5, features_at=time() + 10)
    worker.monitor.flush()
    [(_, age)] = worker.points(i.FEATURE_AGE)
    assert (age.count, age.sum) == (1, 0)
