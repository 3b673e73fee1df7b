"""A Prometheus that answers what is asked about an experiment from simulated users."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import httpx
import numpy as np

from prometheus.client import MARK, Client
from services.assignment import GROUPS

SEGMENTS = ("light", "heavy")


@dataclass
class Users:
    """Hit rates by version; those of a segment may differ. Each user comes equally often."""

    rates: dict[str, float]
    requests: int = 20_000
    spread: float = 0.0
    seconds: dict[str, float] = field(default_factory=lambda: {"v1": 0.1, "v2": 0.1})
    users: dict[str, int] = field(default_factory=lambda: {"v1": 1_000, "v2": 1_000})
    heavy: dict[str, float] = field(default_factory=dict)
    seed: int = 1
    asked: list[str] = field(default_factory=list)

    def client(self) -> Client:
        return Client("Prometheus", "http://prometheus.test", transport=httpx.MockTransport(self.answer))

    def answer(self, request: httpx.Request) -> httpx.Response:
        query = parse_qs(request.content.decode())["query"][0]
        self.asked.append(query)
        result: list[dict[str, object]] = []
        for part in re.split(r" or (?=label_replace)", query):
            name = re.findall(rf'"{MARK}", "(\w+)"', part)[0]
            for labels, value in self._answer_one(name, part):
                result.append({"metric": labels | {MARK: name}, "value": [0, str(value)]})
        return httpx.Response(200, json={"status": "success", "data": {"result": result}})

    def _answer_one(self, name: str, query: str) -> Iterator[tuple[dict[str, str], float]]:
        known: dict[str, Callable[[], Iterator[tuple[dict[str, str], float]]]] = {
            "events": self._events,
            "users": self._users,
            "requests": lambda: self._durations(1.0),
            "seconds": lambda: self._durations(None),
        }
        if name in known:
            yield from known[name]()
            return
        version = re.findall(r'model_version="(\w+)"', query)[0]
        if found := re.search(r"histogram_quantile\(([\d.e-]+)", query):
            yield {}, self.seconds[version] * -np.log1p(-min(float(found[1]), 0.999999))
            return
        limit = float(re.findall(r"histogram_fraction\(-Inf, ([\d.e-]+)", query)[0])
        share = 1 - np.exp(-limit / self.seconds[version])
        rng = np.random.default_rng(self.seed)
        for group in range(GROUPS):
            each = self.requests // GROUPS
            yield {"user_group": f"{group:02d}"}, float(rng.binomial(each, share))

    def _events(self) -> Iterator[tuple[dict[str, str], float]]:
        rng = np.random.default_rng(self.seed)
        for version, rate in self.rates.items():
            for group in range(GROUPS):
                for segment in SEGMENTS:
                    of = {"model_version": version, "user_group": f"{group:02d}", "segment": segment}
                    requests = rng.poisson(self.requests / GROUPS / len(SEGMENTS))
                    likely = self.heavy.get(version, rate) if segment == "heavy" else rate
                    likely = float(np.clip(likely + self.spread * rng.standard_normal(), 0.01, 0.99))
                    yield of | {"event": "request"}, float(requests)
                    yield of | {"event": "labelled"}, float(requests)
                    yield of | {"event": "hit"}, float(rng.binomial(requests, likely))

    def _users(self) -> Iterator[tuple[dict[str, str], float]]:
        for version, users in self.users.items():
            yield {"model_version": version, "service_instance_id": "0"}, float(users)
            yield {"model_version": version, "service_instance_id": "1"}, float(users // 2)

    def _durations(self, each: float | None) -> Iterator[tuple[dict[str, str], float]]:
        for version, seconds in self.seconds.items():
            for group in range(GROUPS):
                of = {"model_version": version, "user_group": f"{group:02d}"}
                yield of, self.requests // GROUPS * (seconds if each is None else each)
