"""What is promised to users, service by service. Durations are seconds, shares are between 0 and 1."""

from dataclasses import dataclass

from pydantic import model_validator

from config.errors import wrong
from config.quantities import Duration, Interval, Name, Share
from config.strict import Severity, Strict, default


class Latency(Strict):
    """The share `target` of the requests is answered within `threshold`."""

    threshold: Duration = default("300ms")
    target: Share = default("99%")


class Freshness(Strict):
    """The share `target` of the features used is not older than `max_age`."""

    max_age: Duration = default("24h")
    target: Share = default("99%")


class Quality(Strict):
    """The hit rate keeps at least the share `kept` of its own `baseline` period's."""

    kept: Share = default("70%")
    baseline: Interval = default("1h")


class BurnRate(Strict):
    """Alert when the share `budget` of the error budget went in `long`, and `short` says it still goes."""

    severity: Severity
    budget: Share
    long: Interval
    short: Interval

    @model_validator(mode="after")
    def _check(self) -> "BurnRate":
        if self.short >= self.long:
            raise wrong(
                "is not shorter than `long`", "write a shorter one, such as a twelfth of it", ["short"]
            )
        return self


WORKBOOK = [
    {"severity": "critical", "budget": "2%", "long": "1h", "short": "5m"},
    {"severity": "critical", "budget": "5%", "long": "6h", "short": "30m"},
    {"severity": "warning", "budget": "10%", "long": "1d", "short": "2h"},
    {"severity": "warning", "budget": "10%", "long": "3d", "short": "6h"},
]
"""The Google SRE workbook's: https://sre.google/workbook/alerting-on-slos/ (table 5-8)"""


class Objectives(Strict):
    """What is promised to users over `window`, and how fast a broken promise is told."""

    window: Interval = default("30d")
    availability: Share = default("99.5%")
    latency: Latency = default({})
    freshness: Freshness = default({})
    quality: Quality = default({})
    burn_rates: tuple[BurnRate, ...] = default(WORKBOOK, min_length=1)

    def factor(self, rate: BurnRate) -> float:
        """How many times faster than the budget allows errors come when this alert fires."""
        return rate.budget * self.window / rate.long

    @model_validator(mode="after")
    def _check(self) -> "Objectives":
        for index, rate in enumerate(self.burn_rates):
            if rate.long >= self.window:
                at = ("burn_rates", index, "long")
                raise wrong(
                    "is not shorter than the objectives' window", f"write less than {self.window} s", at
                )
        return self


class LatencyOverride(Strict):
    """What differs for one service; the rest is as in `objectives`."""

    threshold: Duration | None = None
    target: Share | None = None


class ObjectivesOverride(Strict):
    """What differs for one service; the rest is as in `objectives`."""

    availability: Share | None = None
    latency: LatencyOverride = default({})


class Service(Strict):
    """A service to watch, by its `service.name`; `owner` is who is told, as a label of its alerts."""

    name: Name
    owner: Name = "platform"
    objectives: ObjectivesOverride = default({})


WATCHED = [{"name": "recommender", "owner": "recommendations"}, {"name": "incidents", "owner": "platform"}]


@dataclass(frozen=True)
class Watched:
    """A service to watch with the objectives that hold for it."""

    name: str
    owner: str
    availability: float
    latency_threshold: float
    latency_target: float
