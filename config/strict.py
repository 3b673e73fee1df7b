"""The base of the models: every key known, every mistake told with what is allowed instead."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from config.errors import wrong

Severity = Literal["critical", "warning", "info"]


class Strict(BaseModel):
    """A part of the file."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, use_attribute_docstrings=True
    )

    hides_values: ClassVar[bool] = False
    """Whether what stands under a wrong key may be a secret."""

    @model_validator(mode="before")
    @classmethod
    def _check_keys(cls, content: Any) -> Any:
        if not isinstance(content, dict):
            return content
        fields = {field.alias or name: field for name, field in cls.model_fields.items()}
        for key in content:
            if key not in fields:
                raise wrong(
                    "unknown key", _suggestion(str(key), list(fields)), [key], secret=cls.hides_values
                )
        for key, field in fields.items():
            if field.is_required() and key not in content:
                raise wrong(f"`{key}` is missing", f"add `{key}: …`")
        return content


def default(written: object, **limits: Any) -> Any:
    """A field's default as the file would say it; read like the file, so `"300ms"` becomes 0.3."""
    return Field(default=written, **limits)


def require_unique(values: Sequence[str], place: Sequence[str | int], key: str) -> None:
    """Raises for the second of two entries of the list at `place` that have the same `key`."""
    for index, value in enumerate(values):
        if value in values[:index]:
            raise wrong("comes twice", "give each entry a name of its own", [*place, index, key])


def _suggestion(key: str, known: list[str]) -> str:
    close = get_close_matches(key, known, n=1)
    return f"did you mean {close[0]}?" if close else f"allowed here: {', '.join(known)}"
