"""The base of the models of Grafana's files: unknown keys and wrong values are errors, told in one line."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

NonEmpty = Annotated[str, Field(min_length=1, pattern=r"\S")]
Uid = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,40}$")]
RefId = Annotated[str, Field(pattern=r"^[A-Z]$")]


class FormatError(ValueError):
    """A file would not be read by Grafana as meant; the message names the place."""


class Strict(BaseModel):
    """A part of a file: every key known, every value of its exact type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class DataSourceRef(Strict):
    """Which data source a panel, query or annotation asks."""

    type: NonEmpty
    uid: NonEmpty


Model = TypeVar("Model", bound=BaseModel)


def parse(model: type[Model], content: object, file: str) -> Model:
    """`content` as the model, or FormatError with the first thing that is wrong and its place."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "file"
        raise FormatError(f"{file}: {place}: {first['msg'].removeprefix('Value error, ')}") from error


def require_unique(values: list[Any], what: str) -> None:
    """Raises ValueError naming the first value that comes twice."""
    for index, value in enumerate(values):
        if value in values[:index]:
            raise ValueError(f"{what} {value!r} comes twice")


def variables(text: str) -> set[str]:
    """Names of the environment variables that Grafana puts into a provisioned text; `$$` is a dollar."""
    return {
        braced or plain for braced, plain in re.findall(r"\$(?:\{([^}]*)\}|(\w*))", text.replace("$$", ""))
    }


def texts(content: object) -> Iterator[str]:
    """Every string value in nested lists and mappings."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for value in content.values():
            yield from texts(value)
    elif isinstance(content, list):
        for value in content:
            yield from texts(value)
