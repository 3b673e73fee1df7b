"""What is asked of Prometheus about a release, and what is made of the answers."""

import re
from dataclasses import dataclass, field
from math import isfinite
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from decisions.releases.reading import SHORTEST, Ceilings, Evidence, read_evidence
from decisions.releases.state import State
from prometheus.client import MARK, Client
from services.assignment import GROUPS
from tests.unit.decisions.releases.cases import LIVE, NEW, shadowed, watching

CEILINGS = Ceilings(failed=0.01, slow=0.1, latency=0.3)


@dataclass
class Counters:
    """Shares of the requests of each version; `share` of the users, and of the requests, have the new one."""

    hits: float = 0.6
    failing: float = 0.0
    late: float = 0.0
    share: float = 0.05
    seen: float = 0.05
    failed: float = 0.0
    slow: float = 0.0
    outcomes: dict[str, float] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def read(self, state: State, seconds: float = 120.0) -> Evidence:
        client = Client("Prometheus", "http://prometheus.test", transport=httpx.MockTransport(self.answer))
        return read_evidence(client, state, CEILINGS, state.window + seconds)

    def answer(self, request: httpx.Request) -> httpx.Response:
        query = parse_qs(request.content.decode())["query"][0]
        self.asked.append(query)
        result = [
            {"metric": labels | {MARK: name}, "value": [0, str(value)]}
            for part in re.split(r" or (?=label_replace)", query)
            for name in re.findall(rf'"{MARK}", "(\w+)"', part)[:1]
            for labels, value in self._answer(name)
        ]
        return httpx.Response(200, json={"status": "success", "data": {"result": result}})

    def _answer(self, name: str) -> list[tuple[dict[str, str], float]]:
        if name in ("failed", "slow"):
            return [({}, self.failed if name == "failed" else self.slow)]
        if name == "shadow":
            return [({"outcome": outcome}, count) for outcome, count in self.outcomes.items()]
        if name == "users":
            of = ((LIVE, 1 - self.seen), (NEW, self.seen))
            return [
                ({"model_version": version, "service_instance_id": "0"}, 600 * part) for version, part in of
            ]
        if name == "events":
            return [each for version in (LIVE, NEW) for each in self._events(version)]
        versions = (LIVE, NEW) if name in ("requests", "seconds") else (LIVE if name == "former" else NEW,)
        return [
            (self._of(version, group), self._requests(version) * (self._within(version, name)))
            for version in versions
            for group in range(GROUPS)
        ]

    def _within(self, version: str, name: str) -> float:
        return 1 - self.late if version == NEW and name == "version" else 1.0

    def _events(self, version: str) -> list[tuple[dict[str, str], float]]:
        new = version == NEW
        shares = {
            "request": 1 - self.failing * new,
            "failed": self.failing * new,
            "personalised": 0.99 * (1 - self.failing * new),
            "labelled": 1 - self.failing * new,
            "hit": (self.hits if new else 0.6) * (1 - self.failing * new),
        }
        return [
            (self._of(version, group) | {"event": event, "segment": "heavy"}, self._requests(version) * share)
            for group in range(GROUPS)
            for event, share in shares.items()
        ]

    def _requests(self, version: str) -> float:
        return 4_000 / GROUPS * (self.share if version == NEW else 1 - self.share)

    def _of(self, version: str, group: int) -> dict[str, str]:
        return {"model_version": version, "user_group": f"{group:02d}"}


def worse(evidence: Evidence) -> set[str]:
    return {each.name for each in evidence.compared if each.worse}


def test_a_version_that_is_as_good_is_compared_by_all_guards_in_two_requests() -> None:
    counters = Counters()
    evidence = counters.read(watching())
    names = ["hit rate", "answered", "in time", "personalised"]
    assert [each.name for each in evidence.compared] == names
    assert all(isfinite(each.error) and each.change.value == pytest.approx(0) for each in evidence.compared)
    assert (worse(evidence), evidence.mismatch, evidence.limits) == (set(), False, ())
    assert evidence.labels == pytest.approx(4_000 * 0.05)
    assert len(counters.asked) == 2 and "[120s]" in counters.asked[0]


@pytest.mark.parametrize(
    ("counters", "name"),
    [
        (Counters(hits=0.18), "hit rate"),
        (Counters(failing=0.5), "answered"),
        (Counters(late=0.5), "in time"),
    ],
    ids=["hits", "failures", "late"],
)
def test_r22_what_is_worse_is_named(counters: Counters, name: str) -> None:
    assert worse(counters.read(watching())) == {name}


def test_users_who_do_not_come_by_the_shares_are_noticed() -> None:
    assert Counters(seen=0.005).read(watching()).mismatch
    assert not Counters(seen=1.0).read(watching(0, steps=(_everybody(),))).mismatch


def test_what_is_too_bad_for_all_versions_is_told_in_numbers() -> None:
    evidence = Counters(failed=0.02, slow=0.4).read(watching())
    assert evidence.limits == (
        "2.0% of all requests fail, the limit is 1.0%.",
        "40.0% of all requests take more than 300 ms, the limit is 10.0%.",
    )


def test_right_after_the_window_began_nothing_is_asked() -> None:
    counters = Counters()
    assert counters.read(watching(), SHORTEST - 1) == Evidence()
    assert not counters.asked


def test_r22_in_the_shadow_outcomes_are_counted_and_users_are_not() -> None:
    found = Counters(outcomes={"answered": 30, "failed": 10, "features_missing": 20, "busy": 90})
    evidence = found.read(shadowed(), 5.0)
    answered, personal = evidence.compared
    assert (answered.candidate, personal.candidate, evidence.labels) == (0.75, 0.6, 30.0)
    assert answered.worse and personal.doubtful and not personal.worse
    assert len(found.asked) == 1 and "[20s]" in found.asked[0]
    assert Counters().read(shadowed(), 5.0).labels == 0


def _everybody() -> Any:
    return watching().step.model_copy(update={"share": 1.0, "rules_out": None})
