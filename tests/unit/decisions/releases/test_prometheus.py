"""A real Prometheus understands what is asked about a release, and its answers are the truth."""

from collections.abc import Callable, Iterator, Mapping
from time import monotonic, time

import httpx
import pytest

from decisions.releases.reading import Ceilings, Evidence, read_evidence
from decisions.releases.state import State
from prometheus.client import Client
from telemetry import attributes as a
from telemetry import instruments as i
from tests.unit.decisions.experiments.test_prometheus import (
    PATIENCE,
    RATES,
    REQUESTS,
    Recommender,
    send_from_another_service,
)
from tests.unit.decisions.releases.cases import shadowed, watching
from tests.unit.prometheus.test_receiver import client

__all__ = ["client"]

CEILINGS = Ceilings(failed=0.01, slow=0.1, latency=0.3)
OUTCOMES = {"answered": 60, "failed": 20, "features_missing": 40}
WITHIN = {"v1": 0.950, "v2": 0.777}
"""Of durations that are exponential around 0.1 and 0.2 seconds."""


class Shadowing(Recommender):
    """Answers in the shadow, too, and serves HTTP, of which some fails."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        meter = self.provider.get_meter("release")
        self._outcomes = meter.create_counter(i.SHADOW_REQUESTS.name, i.SHADOW_REQUESTS.unit)
        self._http = meter.create_histogram(
            i.HTTP_SERVER_REQUEST_DURATION.name, i.HTTP_SERVER_REQUEST_DURATION.unit
        )

    def serve(self, requests: int, rates: Mapping[str, float] = RATES) -> None:
        for outcome, count in OUTCOMES.items():
            of = {a.SHADOW_MODEL_VERSION: "v2", a.OUTCOME: outcome}
            self._outcomes.add(count if requests else 0, of)
        for status, count in ((200, 80), (500, 20)):
            for _ in range(count if requests else 1):
                of = {a.HTTP_ROUTE: "/recommendations/{user_id}", a.HTTP_RESPONSE_STATUS_CODE: str(status)}
                self._http.record(0.1, of)
        super().serve(requests, rates)


@pytest.fixture
def read(client: httpx.Client) -> Iterator[Callable[[State], Evidence]]:
    """Reads until something was counted."""
    recommender, asking = Shadowing(str(client.base_url)), Client("Prometheus", str(client.base_url))

    send_from_another_service(str(client.base_url))

    def until_counted(state: State) -> Evidence:
        recommender.serve(0)
        recommender.serve(REQUESTS)
        end = monotonic() + PATIENCE
        while True:
            found = read_evidence(asking, state, CEILINGS, time())
            if found.labels and found.limits:
                return found
            assert monotonic() < end, f"no counts within {PATIENCE:g} s: {found}"
            recommender.serve(0)

    yield until_counted
    asking.close()
    recommender.provider.shutdown()


def test_guards_are_what_was_sent(read: Callable[[State], Evidence]) -> None:
    found = read(watching(former="v1", version="v2", window=time() - 120))
    guards = {each.name: each for each in found.compared}
    hits, answered, within = (guards[name] for name in ("hit rate", "answered", "in time"))
    for version, rate, timely in (
        ("v1", hits.live, within.live),
        ("v2", hits.candidate, within.candidate),
    ):
        assert rate == pytest.approx(RATES[version], rel=0.04)
        assert timely == pytest.approx(WITHIN[version], abs=0.02)
    assert (answered.live, answered.candidate) == (1, 1)
    assert [name for name, each in guards.items() if each.worse] == ["hit rate", "in time"]
    assert found.mismatch, "half of the users have it, and not 5%"
    assert "of all requests fail, the limit is 1.0%." in found.limits[0]


def test_outcomes_in_the_shadow_are_what_was_sent(read: Callable[[State], Evidence]) -> None:
    found = read(shadowed(former="v1", version="v2"))
    answered, personal = found.compared
    assert answered.candidate == pytest.approx(60 / 80, abs=0.02)
    assert personal.candidate == pytest.approx(60 / 100, abs=0.02)
