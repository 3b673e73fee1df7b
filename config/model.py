"""Everything `whence.yaml` may say, with the defaults. Durations are seconds, shares are between 0 and 1."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, model_validator

from config.errors import wrong
from config.quantities import Address, Duration, Interval, Name, Share, Text, Wait
from config.receivers import MuteTime, Receiver
from config.strict import Severity, Strict, default, require_unique

__all__ = ["Alert", "BurnRate", "Config", "Objectives", "Receiver", "Service", "Storage", "Watched"]


class Storage(Strict):
    """Limits of the object storage."""

    deadline: Duration = default("250ms")
    average_limit: Duration = default("300ms")
    deadline_misses: Share = default("5%")
    errors: Share = default("1%")


class Evaluation(Strict):
    """How often rules are looked at: symptoms users feel now, and the rest."""

    fast: Interval = default("10s")
    slow: Interval = default("60s")


class Urls(Strict):
    """Where people reach the pages that alerts and dashboards link to."""

    incidents: Address = "http://127.0.0.1:8010"
    grafana: Address = "http://127.0.0.1:3000"


class Alert(Strict):
    """What differs from one alert as it comes. `threshold` is in the unit of the alert's query."""

    paused: bool = False
    threshold: float | None = None
    severity: Severity | None = None
    for_: Annotated[Wait | None, Field(alias="for")] = None


class Config(Strict):
    """The whole file."""

    folder: Text = "Whence"
    tags: tuple[Name, ...] = ("whence",)
    urls: Urls = default({})
    objectives: Objectives = default({})
    storage: Storage = default({})
    services: tuple[Service, ...] = default(WATCHED, min_length=1)
    evaluation: Evaluation = default({})
    repeat_interval: Interval = default("4h")
    mute_times: tuple[MuteTime, ...] = ()
    receivers: tuple[Receiver, ...] = ()
    alerts: Mapping[str, Alert] = {}

    @property
    def watched(self) -> tuple[Watched, ...]:
        """The services with their objectives, overrides applied."""
        return tuple(self._watched(service) for service in self.services)

    def _watched(self, service: Service) -> Watched:
        own, common = service.objectives, self.objectives
        return Watched(
            service.name,
            service.owner,
            own.availability or common.availability,
            own.latency.threshold or common.latency.threshold,
            own.latency.target or common.latency.target,
        )

    @model_validator(mode="after")
    def _check(self) -> "Config":
        require_unique([service.name for service in self.services], ["services"], "name")
        require_unique([receiver.name for receiver in self.receivers], ["receivers"], "name")
        require_unique([muted.name for muted in self.mute_times], ["mute_times"], "name")
        self._check_mute_times()
        self._check_burn_rates()
        return self

    def _check_mute_times(self) -> None:
        known = [muted.name for muted in self.mute_times]
        for index, receiver in enumerate(self.receivers):
            for place, name in enumerate(receiver.mute_times):
                if name not in known:
                    allowed = (
                        f"use one of: {', '.join(known)}" if known else "define it under mute_times first"
                    )
                    raise wrong("is not a mute time", allowed, ["receivers", index, "mute_times", place])

    def _check_burn_rates(self) -> None:
        fastest = max(self.objectives.burn_rates, key=self.objectives.factor)
        factor = self.objectives.factor(fastest)
        allowed = f"write more than {1 - 1 / factor:.2%}, or change objectives.burn_rates"
        problem = f"leaves so large an error budget that no burn rate of {factor:g} can be reached"
        for key, target in self._targets().items():
            if factor * (1 - target) >= 1:
                raise wrong(problem, allowed, key)

    def _targets(self) -> dict[tuple[str | int, ...], float]:
        common = self.objectives
        targets: dict[tuple[str | int, ...], float] = {
            ("objectives", "availability"): common.availability,
            ("objectives", "latency", "target"): common.latency.target,
            ("objectives", "freshness", "target"): common.freshness.target,
        }
        for index, service in enumerate(self.watched):
            place = ("services", index, "objectives")
            targets[*place, "availability"] = service.availability
            targets[*place, "latency", "target"] = service.latency_target
        return targets
