"""Limits of the models that services watch with the package in monitor/. Shares are between 0 and 1."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from config.errors import wrong
from config.quantities import Duration, Name, Share, number_or_percent
from config.strict import Strict, default

HIGHER_IS_BETTER = (
    *("accuracy", "precision", "recall", "f1", "precision_macro", "recall_macro", "f1_macro", "auc"),
    *("r2", "hit_rate", "precision_at_k", "recall_at_k", "ndcg", "mrr", "map"),
)
LOWER_IS_BETTER = ("log_loss", "brier", "mae", "rmse", "mape")
MEASURES = (*HIGHER_IS_BETTER, *LOWER_IS_BETTER)
"""Measures of quality that have limits, as the recording rules name them."""

DRIFT = {"moderate": 0.1, "large": 0.25}
"""Population stability index, by custom (Siddiqi, Credit Risk Scorecards, 2006)."""

FEWEST_LABELS, MOST_MODELS = 100, 100


def _bound(value: Any) -> float:
    number = number_or_percent(value)
    if number is None or not math.isfinite(number):
        raise wrong("is not a limit", "write a number in the measure's unit or a share, such as 4.5 or 92%")
    return number


def _measures(value: Any) -> Any:
    if isinstance(value, dict):
        for name in value:
            if name not in MEASURES:
                raise wrong("is not a measure", f"use one of: {', '.join(MEASURES)}", [str(name)])
    return value


def _model_name(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9 ._:/-]{0,99}", value):
        raise wrong("is not the name of a model", "write it as in model.name, at most 100 letters and digits")
    return value


def _factor(value: Any) -> float:
    number = number_or_percent(value)
    if number is None or not 1 < number <= 1e6:
        raise wrong("is not a factor", "write how many times larger or smaller, such as 5")
    return number


def _labels(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < FEWEST_LABELS:
        raise wrong("is too few or no number", f"write a whole number of labels, at least {FEWEST_LABELS}")
    return value


Bound = Annotated[float, BeforeValidator(_bound), WithJsonSchema({"type": ["number", "string"]})]
ModelName = Annotated[str, BeforeValidator(_model_name), Field(min_length=1, max_length=100)]
Factor = Annotated[float, BeforeValidator(_factor), Field(gt=1)]


class MeasureLimits(Strict):
    """Limits of one measure."""

    kept: Share | None = None
    """As `kept` of the model, for this measure."""
    at_least: Bound | None = None
    """Of a measure that is better when higher."""
    at_most: Bound | None = None
    """Of a measure that is better when lower."""


class Faults(Strict):
    """Shares of a feature's values, beyond those of its reference, that may be faulty."""

    missing: Share = default("5%")
    """None, NaN or not there."""
    unseen: Share = default("5%")
    """Categories that the reference does not have."""
    out_of_range: Share = default("5%")
    """Numbers below or above all of the reference."""
    wrong_type: Share = default("1%")
    """Texts instead of numbers, say."""
    infinite: Share = default("1%")
    """Infinite numbers."""


class ModelLimits(Strict):
    """Limits of a model."""

    kept: Share = default("90%")
    """Share of the quality of its past, its other versions and its training that a version has to keep."""
    measures: Annotated[Mapping[str, MeasureLimits], BeforeValidator(_measures)] = default(
        {"auc": {"at_least": "50%"}, "r2": {"at_least": 0}}
    )
    """Limits by measure, in its unit; by default a model has to be better than none."""
    calibration_error: Share = default("5%")
    """Mean distance of probabilities from how often they come true."""
    bias: Share = default("50%")
    """Share of a regressor's errors that may have moved in one direction."""
    segment_gap: Share = default("50%")
    """Share of everybody's quality that a segment may lack at all times."""
    fairness: Share = default("80%")
    """Share of the best segment's positive predictions and recall that each segment has to have."""
    drift: Literal["moderate", "large"] = "large"
    """Population stability index of features, predictions and labels: moderate is 0.1, large 0.25."""
    faults: Faults = default({})
    unit_change: Factor = default(5)
    """How many times larger or smaller a drifted feature is from which its unit is suspect."""
    label_coverage: Share = default("50%")
    """Share of the usual labels per prediction that has to arrive."""
    label_delay: Duration = default("24h")
    """Median time from a prediction until its label."""
    not_watched: Share = default("1%")
    """Share of the predictions that may have something that cannot be watched."""
    min_labels: Annotated[int, BeforeValidator(_labels), Field(ge=FEWEST_LABELS)] = FEWEST_LABELS
    """Labels in a window below which quality is not judged."""

    @model_validator(mode="after")
    def _check(self) -> "ModelLimits":
        for name, limits in self.measures.items():
            higher = name in HIGHER_IS_BETTER
            wrong_way = "at_most" if higher else "at_least"
            if getattr(limits, wrong_way) is not None:
                needed, instead = ("lower", "at_least") if higher else ("higher", "at_most")
                problem = f"is for measures that are better when {needed}"
                raise wrong(problem, f"write `{instead}`", ["measures", name, wrong_way])
        return self

    def limits(self, *, written: bool) -> dict[str, float]:
        """The limits by name, all of them or only those that the file has for this model."""
        faults = self.faults.model_dump(include=self.faults.model_fields_set if written else None)
        of_all = {
            "calibration_error": self.calibration_error,
            "bias": self.bias,
            "segment_gap": self.segment_gap,
            "fairness": self.fairness,
            "drift": DRIFT[self.drift],
            "unit_change": self.unit_change,
            "label_coverage": self.label_coverage,
            "label_delay": self.label_delay,
            "not_watched": self.not_watched,
            "min_labels": float(self.min_labels),
        }
        kept = {name: limit for name, limit in of_all.items() if not written or name in self.model_fields_set}
        return kept | (faults if not written or "faults" in self.model_fields_set else {})

    def bounds(self, name: Literal["kept", "at_least", "at_most"]) -> Iterator[tuple[str, float]]:
        """Limits of this kind by measure."""
        for measure, limits in self.measures.items() if self._has_measures else ():
            limit = getattr(limits, name)
            if limit is not None:
                yield measure, limit

    @property
    def _has_measures(self) -> bool:
        return True


class WatchedModel(ModelLimits):
    """What differs for one model; what is not written is as for all."""

    name: ModelName
    """Its `model.name`."""
    service: Name | None = None
    """Its `service.name`, if models of several services have this name."""
    owner: Name | None = None
    """Who looks after it, if not the owner of its service: a label of its alerts."""

    @property
    def _has_measures(self) -> bool:
        return "measures" in self.model_fields_set


class WatchedModels(ModelLimits):
    """Limits of all models, and what differs for some."""

    models: tuple[WatchedModel, ...] = ()
    """Models whose limits or owner differ."""

    @model_validator(mode="after")
    def _check_models(self) -> "WatchedModels":
        if len(self.models) > MOST_MODELS:
            raise wrong("has too many models", f"write at most {MOST_MODELS}", ["models"])
        seen: set[tuple[str, str | None]] = set()
        for index, model in enumerate(self.models):
            if (model.name, model.service) in seen:
                raise wrong("comes twice", "write one entry for each model", ["models", index, "name"])
            seen.add((model.name, model.service))
        return self

    @property
    def by_precedence(self) -> tuple[WatchedModel, ...]:
        """Models with a service before those of any: the first that fits a model is its own."""
        return tuple(sorted(self.models, key=lambda model: model.service is None))
