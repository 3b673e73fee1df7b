"""What a diagnosis is made from: series and traces of a window, as JSON can hold them."""

from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator


def pack(points: ArrayLike) -> NDArray[np.float64]:
    """Points, Unix seconds and a value, as an array: a row for each."""
    return np.asarray(points, dtype=np.float64).reshape(-1, 2)


Points = Annotated[NDArray[np.float64], PlainValidator(pack), PlainSerializer(np.ndarray.tolist)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, validate_by_name=True, serialize_by_alias=True)


class Labelled(_Part):
    """One series that a query returned; steps without a value have no point."""

    labels: dict[str, str] = {}
    values: Points = Field(repr=False)


class Span(_Part):
    """One span; `parent` is its parent's place in the trace, `start_ms` counts from the trace's start."""

    name: str
    service: str = ""
    parent: int | None = None
    start_ms: float = 0.0
    duration_ms: float = 0.0
    error: bool = False
    attributes: dict[str, str | float | bool] = {}


class Trace(_Part):
    """One sampled request; `started_at` in Unix seconds. `selected_for_latency`: as slow, not by chance."""

    trace_id: str
    started_at: float
    duration_ms: float = 0.0
    selected_for_latency: bool = Field(default=False, validation_alias="picked", serialization_alias="picked")
    spans: list[Span] = []


class Evidence(_Part):
    """The window from `start` to `end` (Unix seconds), a point every `step` seconds.

    `series` holds the result of each query by its name; a missing one means no data. `limits` are what is set
    of the services, in seconds, by names that packs know. The addresses are where the series and traces can
    be looked at again.
    """

    start: float
    end: float
    step: float = Field(default=5.0, gt=0)
    series: dict[str, list[Labelled]] = {}
    traces: list[Trace] = []
    limits: dict[str, float] = {}
    prometheus_url: str = ""
    jaeger_url: str = ""
