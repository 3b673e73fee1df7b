"""The series that a made-up shop leaves: gateway → pricing → PostgreSQL, gateway → Redis."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from diagnosis import Evidence, Verdict, diagnose
from diagnosis.signals.series import Values
from diagnosis.sources.evidence import Labelled, pack

START, STEP, COUNT = 1_700_000_000.0, 5.0, 120
TIMES = START + STEP * np.arange(COUNT)
ONSET = START + 400.0
ALERTED = ONSET + 40.0
ALONE = 30.0
"""Seconds from a shop's opening to its users' coming."""

ADDRESSES = {"10.0.0.7:8101": "pricing"}
PEERS = {
    ("gateway", "pricing"): {"server_address": "10.0.0.7", "server_port": "8101"},
    ("assistant", "model"): {"server_address": "api.llm.example", "gen_ai_provider_name": "openai"},
    ("users", "gateway"): {"server_address": "gateway", "server_port": "80"},
    ("gateway", "redis"): {"server_address": "cache", "server_port": "6379", "db_system_name": "redis"},
    **dict.fromkeys(
        [("pricing", "postgresql"), ("reports", "postgresql")],
        {"server_address": "db", "server_port": "5432", "db_system_name": "postgresql"},
    ),
}

Name = tuple[str, ...]
"""A service, an instance of one, or a caller and its callee."""


@dataclass(frozen=True)
class Load:
    """Requests per second, mean seconds, what these become after the onset, and how it fails then."""

    rate: float
    seconds: float
    later_rate: float | None = None
    later_seconds: float | None = None
    failed: float = 0.0
    error_type: str = "500"
    later_fastest: float | None = None
    """Seconds of the fastest tenth of the calls after the onset, if not as many as the mean."""


@dataclass(frozen=True)
class Shop:
    """Services, instances and calls by name; versions as (service, version) and when they come and go."""

    loads: Mapping[Name, Load]
    versions: Mapping[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    processes: Mapping[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    """By signal and service: what their processes take before and after the onset; of the host, by ""."""
    declared: tuple[tuple[str, str], ...] = ()
    """Callers and callees between which there are no spans."""
    silent: str = ""
    """The service whose own telemetry ends at the onset."""
    heard_every: int = COUNT + 1
    """Of its steps after that, one in this many is heard."""
    restarting: Mapping[str, float] = field(default_factory=dict)
    """By service: seconds that an instance of it lives after the onset; before, one lived all the time."""
    crashing: Mapping[str, float] = field(default_factory=dict)
    """By service: seconds that a process lives after the onset, where the next one has the same identity."""
    ends: float = math.inf
    """When all is as before the onset again."""
    opened: float = START
    """When all services began: before their first users they answer a health check a second."""

    def change(self, **loads: Load) -> "Shop":
        """With other loads; `gateway__pricing` is the call."""
        return replace(
            self, loads={**self.loads, **{tuple(n.split("__")): load for n, load in loads.items()}}
        )

    def evidence(self) -> Evidence:
        return Evidence(start=START, end=float(TIMES[-1]), step=STEP, series=self._series())

    def _series(self) -> dict[str, list[Labelled]]:
        found: dict[str, list[Labelled]] = {}
        for seed, (name, load) in enumerate(self.loads.items()):
            rng = np.random.default_rng(seed)
            rate, seconds = (
                np.where(self.ends < TIMES, before, _turn(before, after))
                for before, after in ((load.rate, load.later_rate), (load.seconds, load.later_seconds))
            )
            rate = rate * rng.normal(1, 0.02, COUNT)
            seconds = seconds * rng.normal(1, 0.03, COUNT)
            if self.opened > START:
                rate = np.where(self.opened + ALONE < TIMES, rate, np.nan if name in PEERS else 1.0)
                rate[self.opened > TIMES] = np.nan
            failed = np.where(TIMES > ONSET, load.failed, 0.0) * rate
            for query, labels, values in _lines(name, load, rate, seconds, failed):
                late = np.arange(COUNT) % self.heard_every == self.heard_every - 1
                heard = (TIMES <= ONSET) | (name[0] != self.silent) | late
                found.setdefault(query, []).append(_series(labels, np.where(heard, values, np.nan)))
        for service, life in self.restarting.items():
            lives = np.where(TIMES > ONSET, np.ceil((TIMES - ONSET) / life), 0)
            found.setdefault("instances", []).extend(
                _series(
                    {"service_name": service, "instance": f"{which:g}"}, np.where(lives == which, 1, np.nan)
                )
                for which in np.unique(lives)
            )
        for (signal, service), (before, after) in self.processes.items():
            labels = {"service_name": service} if service else {}
            found.setdefault(signal, []).append(_series(labels, _turn(before, after)))
        for service, life in self.crashing.items():
            labels = {"service_name": service, "instance": "1"}
            later = ONSET + life * ((TIMES - ONSET) // life)
            began = np.where(TIMES > ONSET, later, START - 1_000)
            found.setdefault("started", []).append(_series(labels, began))
        found["declared"] = [
            _series({"service_name": caller, "callee": callee}, np.ones(COUNT))
            for caller, callee in self.declared
        ]
        found["heard"] = [
            _series({"service_name": name}, np.where(name != self.silent, TIMES, np.minimum(TIMES, ONSET)))
            for name, *rest in self.loads
            if not rest
        ]
        found["versions"] = [
            _series(
                {"service_name": service, "service_version": version},
                np.where((came <= TIMES) & (went > TIMES), 1, np.nan),
            )
            for (service, version), (came, went) in self.versions.items()
        ]
        return found


def _turn(before: float, after: float | None) -> Values:
    return np.where(TIMES > ONSET, before if after is None else after, before)


def _lines(
    name: Name, load: Load, rate: Values, seconds: Values, failed: Values
) -> list[tuple[str, dict[str, str], Values]]:
    if name in PEERS:
        labels = {"service_name": name[0], **PEERS[name[0], name[1]]}
        return [
            ("called", {**labels, "status_code": "STATUS_CODE_UNSET"}, rate - failed),
            ("called", {**labels, "status_code": "STATUS_CODE_ERROR", "error_type": load.error_type}, failed),
            ("called_seconds", labels, rate * seconds),
            ("called_fastest", labels, _turn(load.seconds, load.later_fastest or load.later_seconds)),
            ("called_median", labels, seconds),
            ("called_slowest", labels, 3 * seconds),
        ]
    labels = dict(zip(("service_name", "instance"), name, strict=False))
    prefix = "served" if len(name) == 1 else "instances"
    first = "served" if len(name) == 1 else "instances"
    lines = [
        (first, labels, rate),
        (f"{prefix}_failed", labels, failed),
        (f"{prefix}_seconds", labels, rate * seconds),
    ]
    if len(name) == 1:
        lines += [("served_median", labels, seconds), ("served_slowest", labels, 3 * seconds)]
    return lines


def _series(labels: dict[str, str], values: Values) -> Labelled:
    known = np.flatnonzero(np.isfinite(values))
    return Labelled(labels=labels, values=pack(np.column_stack([TIMES, values])[known]))


SHOP = Shop(
    {
        ("gateway",): Load(10, 0.08),
        ("pricing",): Load(6, 0.09),
        ("gateway", "pricing"): Load(6, 0.095),
        ("gateway", "redis"): Load(10, 0.002),
        ("pricing", "postgresql"): Load(12, 0.02),
    },
    {("pricing", "1.0.0"): (START, START + 9_999), ("gateway", "1.0.0"): (START, START + 9_999)},
)


def verdict(shop: Shop, *services: str, alerted_at: float | None = ALERTED) -> Verdict:
    return diagnose(shop.evidence(), ADDRESSES, services or ("gateway",), alerted_at=alerted_at)


def path(found: Verdict) -> list[str]:
    return [place.name for place in found.path]


SLOW_PRICING = SHOP.change(
    gateway=Load(10, 0.08, later_seconds=0.38),
    pricing=Load(6, 0.09, later_seconds=0.59),
    gateway__pricing=Load(6, 0.095, later_seconds=0.595),
)

NO_CONNECTION = SHOP.change(
    gateway=Load(10, 0.08, failed=0.6, later_seconds=0.02),
    gateway__pricing=Load(6, 0.095, failed=1.0, later_seconds=0.01, error_type="503"),
    pricing=Load(6, 0.09, failed=1.0, later_seconds=0.01),
    pricing__postgresql=Load(12, 0.02, later_rate=0.0),
)
