"""Experiments: which variants are compared, for whom, by what, and what difference matters."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from config.errors import wrong
from config.objectives import RECOMMENDER
from config.quantities import Name, Share
from config.strict import Strict, default, require_unique

MOST_VARIANTS = 4
MOST_METRICS = 10
MOST_EXPERIMENTS = 20
ROUNDING = 1e-9

EVENTS = ("request", "failed", "personalised", "labelled", "hit", "click", "thumb_up", "thumb_down")
"""What the recommender counts; another service may count others."""

Better = Literal["higher", "lower"]


def _moment(value: Any) -> float:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise wrong("is not a moment", "write date, time and zone, such as 2026-11-29T12:00:00Z")
    return moment.timestamp()


def _version(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 100 or set(value) & set('"\\$\n'):
        raise wrong("is not a model version", "write it as the label model_version has it")
    return value


Moment = Annotated[float, BeforeValidator(_moment), Field(json_schema_extra={"type": "string"})]
"""Unix seconds."""

Version = Annotated[str, BeforeValidator(_version), Field(min_length=1, max_length=100)]


class Variant(Strict):
    """What a share of the users gets."""

    name: Name
    version: Version
    """The model version that answers them."""
    share: Share
    """Of the users in the experiment; the shares of all variants are 100%."""


class Metric(Strict):
    """What variants are compared by."""

    name: Name
    kind: Literal["conversion", "mean", "quantile"]
    """A conversion is a share of `per`, a mean a sum by `per`, a quantile one of durations."""
    of: Name
    """The event that is counted, such as `hit`, or `duration`, the seconds that an answer takes."""
    per: Name | None = None
    """The event that it is a share of, such as `labelled`."""
    quantile: Share | None = None
    """Which one, such as 95%."""
    better: Better
    minimum_effect: Share
    """The smallest difference that matters, as a share of the control's value."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        durations = self.of == "duration"
        if self.kind == "conversion" and durations:
            raise wrong("cannot be a share", "name an event, such as hit", ["of"])
        if self.kind == "quantile" and not durations:
            raise wrong("has no quantiles", "write duration", ["of"])
        if (self.kind == "quantile") != (self.quantile is not None):
            raise wrong("does not go with the kind", "a quantile has one, all else has none", ["quantile"])
        if durations == (self.per is not None):
            raise wrong("does not go with `of`", "events need one, duration has none", ["per"])
        return self


METRICS: list[dict[str, str]] = [
    {
        "name": "hit-rate",
        "kind": "conversion",
        "of": "hit",
        "per": "labelled",
        "better": "higher",
        "minimum_effect": "10%",
    },
    {
        "name": "p95",
        "kind": "quantile",
        "of": "duration",
        "quantile": "95%",
        "better": "lower",
        "minimum_effect": "20%",
    },
]


class Experiment(Strict):
    """Variants of a model on the same service, for users that a hash assigns."""

    name: Name
    service: Name = RECOMMENDER
    """Whose users they are, by its service.name."""
    start: Moment
    """Since when its users are counted; it must not move while it runs."""
    salt: Annotated[Name | None, Field(description="What users are hashed with; by default the name.")] = None
    layer: Name = "models"
    """Experiments of a layer share out its users: nobody is in two of them."""
    traffic: Annotated[Share | None, Field(description="Share of the layer's users; by default all.")] = None
    variants: tuple[Variant, ...] = Field(min_length=2)
    """The first is the control, which all others are compared with."""
    metrics: tuple[Metric, ...] = default(METRICS, min_length=1)
    confidence: Share = default("95%")
    """Of the experiments without a difference this share is never told one, however often it is looked at."""

    @property
    def hashed_with(self) -> str:
        """The salt of its assignment."""
        return self.salt or self.name

    @property
    def part(self) -> float:
        """Its share of the layer's users, 1 for all."""
        return self.traffic or 1.0

    @model_validator(mode="after")
    def _check(self) -> Self:
        for key, most in (("variants", MOST_VARIANTS), ("metrics", MOST_METRICS)):
            entries: tuple[Variant | Metric, ...] = getattr(self, key)
            require_unique([entry.name for entry in entries], [key], "name")
            if len(entries) > most:
                raise wrong("has too many entries", f"write at most {most}", [key])
        require_unique([variant.version for variant in self.variants], ["variants"], "version")
        total = sum(variant.share for variant in self.variants)
        if abs(total - 1) > ROUNDING:
            raise wrong(
                f"has shares of {total:.6g} in all", "write shares that are 100% in all", ["variants"]
            )
        if self.service == RECOMMENDER:
            self._check_events()
        return self

    def _check_events(self) -> None:
        for index, metric in enumerate(self.metrics):
            named = {"of": metric.of, "per": metric.per} if metric.per else {}
            for key, event in named.items():
                if event not in EVENTS:
                    raise wrong(
                        f"is no event that {self.service} counts",
                        f"write one of: {', '.join(EVENTS)}",
                        ["metrics", index, key],
                    )


def check_experiments(experiments: tuple[Experiment, ...]) -> None:
    """Raises for experiments that get into each other's way."""
    if len(experiments) > MOST_EXPERIMENTS:
        raise wrong("has too many entries", f"write at most {MOST_EXPERIMENTS}", ["experiments"])
    require_unique([experiment.name for experiment in experiments], ["experiments"], "name")
    require_unique([experiment.hashed_with for experiment in experiments], ["experiments"], "salt")
    taken: dict[str, float] = {}
    for index, experiment in enumerate(experiments):
        taken[experiment.layer] = taken.get(experiment.layer, 0.0) + experiment.part
        if taken[experiment.layer] > 1 + ROUNDING:
            problem = f"takes more users than layer {experiment.layer} has left"
            raise wrong(problem, "give its experiments a traffic of 100% in all", ["experiments", index])
