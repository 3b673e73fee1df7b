"""Objectives of services. Durations are seconds, shares are between 0 and 1."""

from dataclasses import dataclass

from pydantic import model_validator

from config.errors import wrong
from config.quantities import Duration, Interval, Name, Share
from config.strict import Severity, Strict, default


class Latency(Strict):
    """The share `target` of the requests is answered within `threshold`."""

    threshold: Duration = default("300ms")
    """A request that takes longer counts as slow."""
    target: Share = default("99%")
    """Share of the requests that is not slow."""


class Freshness(Strict):
    """The share `target` of the features used is not older than `max_age`."""

    max_age: Duration = default("24h")
    """A feature older than this counts as stale."""
    target: Share = default("99%")
    """Share of the features that is not stale."""


class Quality(Strict):
    """The hit rate keeps at least the share `kept` of its own over the `baseline` period."""

    kept: Share = default("70%")
    """Below this share of its own past hit rate a model is suspect."""
    baseline: Interval = default("1h")
    """The past it is compared with."""


class BurnRate(Strict):
    """Alert when the share `budget` of the error budget was spent in `long` and burns on in `short`."""

    severity: Severity
    """Of the alert."""
    budget: Share
    """Share of the whole window's error budget."""
    long: Interval
    """The period in which it was spent."""
    short: Interval
    """A shorter one, so that the alert resolves soon after recovery."""

    @model_validator(mode="after")
    def _check(self) -> "BurnRate":
        if self.short >= self.long:
            allowed = "write a shorter one, such as a twelfth of it"
            raise wrong("is not shorter than `long`", allowed, ["short"])
        return self


WORKBOOK = [
    {"severity": "critical", "budget": "2%", "long": "1h", "short": "5m"},
    {"severity": "critical", "budget": "5%", "long": "6h", "short": "30m"},
    {"severity": "warning", "budget": "10%", "long": "1d", "short": "2h"},
    {"severity": "warning", "budget": "10%", "long": "3d", "short": "6h"},
]
"""The Google SRE workbook's: https://sre.google/workbook/alerting-on-slos/ (section 6)"""


class Objectives(Strict):
    """Service level objectives over `window`, and the burn rates that alert."""

    window: Interval = default("30d")
    """The period over which the objectives hold and the error budget is counted."""
    availability: Share = default("99.5%")
    """Share of the requests answered without a server error."""
    latency: Latency = default({})
    freshness: Freshness = default({})
    quality: Quality = default({})
    burn_rates: tuple[BurnRate, ...] = default(WORKBOOK, min_length=1)
    """Burn rates of the error budget that alert."""

    def factor(self, rate: BurnRate) -> float:
        """How many times faster than the budget allows errors come when this alert fires."""
        return rate.budget * self.window / rate.long

    @model_validator(mode="after")
    def _check(self) -> "Objectives":
        for index, rate in enumerate(self.burn_rates):
            if self.factor(rate) < 1:
                longest = f"{rate.budget * self.window / 3600:g}h"
                allowed = f"write at most {longest}, or a larger budget"
                problem = "is so long that the alert would fire while the budget lasts"
                raise wrong(problem, allowed, ["burn_rates", index, "long"])
        return self


class LatencyOverride(Strict):
    """What differs for one service; the rest is as in `objectives`."""

    threshold: Duration | None = None
    """A request that takes longer counts as slow."""
    target: Share | None = None
    """Share of the requests that is not slow."""


class ObjectivesOverride(Strict):
    """What differs for one service; the rest is as in `objectives`."""

    availability: Share | None = None
    """Share of the requests answered without a server error."""
    latency: LatencyOverride = default({})


RECOMMENDER = "recommender"
"""The service whose answers have a quality."""

PLATFORM = "platform"
"""The owner of what has no other."""


class Service(Strict):
    """A service to watch: its requests are in `http.server.request.duration`, by OpenTelemetry's rules."""

    name: Name
    """Its `service.name`."""
    owner: Name = PLATFORM
    """Who looks after it: a label of its alerts."""
    objectives: ObjectivesOverride = default({})


WATCHED = [{"name": RECOMMENDER, "owner": "recommendations"}, {"name": "incidents", "owner": PLATFORM}]


@dataclass(frozen=True)
class Watched:
    """A service to watch with the objectives that hold for it."""

    name: str
    owner: str
    availability: float
    latency_threshold: float
    latency_target: float


def watch(service: Service, common: Objectives) -> Watched:
    """The service with `common` objectives where it has none of its own."""
    own = service.objectives
    return Watched(
        service.name,
        service.owner,
        own.availability or common.availability,
        own.latency.threshold or common.latency.threshold,
        own.latency.target or common.latency.target,
    )
