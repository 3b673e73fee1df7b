"""What the gate looks at: a version of any model, measured on held-out data. A card is a JSON file, too."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

LARGEST_FILE = 256 * 1024 * 1024
"""Bytes of a card: those of a million units with five metrics are below."""
MOST_METRICS, MOST_FEATURES, MOST_FAULTS = 50, 5_000, 20

Value = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Text = Annotated[str, Field(max_length=200)]


class InvalidCard(ValueError):
    """A card cannot be used; the message says where and why."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Metric(_Part):
    """A metric whose mean counts: a value for each unit, such as a user's NDCG or the loss of a case."""

    better: Literal["higher", "lower"] = "higher"
    values: tuple[Value, ...]


class Feature(_Part):
    """A feature that the version needs: its type in the words of who makes the card, and for which share of
    the units, 0–1, the service that asks for predictions has it."""

    type: Text
    there: Annotated[float, Field(ge=0, le=1)]


class Data(_Part):
    """The data set as it was read: `rows` in all, and how many were left out, by what was wrong with them.

    None where nobody has counted. `newest` is the time of its newest row, Unix seconds; None without times.
    """

    rows: Count
    malformed: Count | None = None
    duplicates: Count | None = None
    out_of_range: Count | None = None
    newest: float | None = None


class Card(_Part):
    """A version; `service` and `model` say of what, as telemetry names them.

    `units` (n ids, such as users) have a segment each, and each metric a value for each. `held_out` names the
    data that they are of: only versions measured on the same are compared. `answer_seconds` is the 95th
    percentile of the processor time of an answer, which a busy machine does not change; `size` the bytes of
    the model's object. `described` is its model card, `faults` are sentences on what of it cannot be read.
    """

    version: Annotated[str, Field(min_length=1, max_length=200)]
    service: Text = ""
    model: Text = ""
    held_out: str = ""
    units: tuple[int, ...] | tuple[str, ...] = ()
    segments: tuple[Text, ...] = ()
    metrics: Annotated[Mapping[str, Metric], Field(max_length=MOST_METRICS)] = {}
    answer_seconds: Value | None = None
    size: Count | None = None
    features: Annotated[Mapping[str, Feature], Field(max_length=MOST_FEATURES)] = {}
    data: Data | None = None
    described: Mapping[str, JsonValue] = {}
    faults: Annotated[tuple[str, ...], Field(max_length=MOST_FAULTS)] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        lengths = {"segments": len(self.segments)}
        lengths |= {name: len(metric.values) for name, metric in self.metrics.items()}
        for name, length in lengths.items():
            if length != len(self.units):
                raise ValueError(f"{name} has {length} values for {len(self.units)} units")
        if len(set(self.units)) < len(self.units):
            raise ValueError("a unit comes twice")
        return self


def read_card(file: Path) -> Card:
    """The card in a file. Raises InvalidCard."""
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise InvalidCard(f"{file} is larger than {LARGEST_FILE >> 20} MiB")
        return Card.model_validate_json(content)
    except OSError as error:
        raise InvalidCard(f"{file}: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InvalidCard(f"{file}: {place or 'card'}: {first['msg']}") from None
