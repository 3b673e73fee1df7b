"""Retraining: whether it may begin by itself, how often, and the commands of models of your own."""

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from config.errors import wrong
from config.quantities import Duration, Name, Text
from config.strict import Strict, default, require_unique
from config.watched_models import ModelName

MOST_PER_DAY = 24
MOST_WORDS = 40


def _per_day(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_PER_DAY:
        raise wrong("is not a number of retrainings", f"write a whole number from 1 to {MOST_PER_DAY}")
    return value


Command = Annotated[tuple[Text, ...], Field(min_length=1, max_length=MOST_WORDS)]
"""A program and its arguments, word by word; no shell reads it."""


class RetrainedModel(Strict):
    """A watched model and what trains it and puts it live."""

    name: ModelName
    """As in `model.name`."""
    service: Name
    """Whose verdict is asked for."""
    train: Command
    """Told RETRAIN_SINCE and RETRAIN_UNTIL, the period of the data; its last line is a report as JSON."""
    release: Command
    """Told RETRAIN_VERSION, the version that is to serve from now on."""


class Retraining(Strict):
    """When a model is trained again."""

    automatic: bool = False
    """Whether an alert on quality or drift is enough; else a person runs `make retrain`."""
    cool_down: Duration = default("6h")
    """From one retraining of a model to its next."""
    per_day: Annotated[int, BeforeValidator(_per_day), Field(ge=1, le=MOST_PER_DAY)] = 2
    """Retrainings of all models in 24 hours, at most."""
    models: tuple[RetrainedModel, ...] = ()
    """Models besides the demo's `recommendations`, which needs no entry."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        require_unique([model.name for model in self.models], ["models"], "name")
        return self
