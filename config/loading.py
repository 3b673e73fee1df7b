"""Finds, reads and checks `whence.yaml`."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import ValidationError

from config.document import Document, Place, read
from config.errors import WRONG, ConfigError
from config.model import Config

ROOT = Path(__file__).parent.parent
VARIABLE = "WHENCE_CONFIG"
FILE = "whence.yaml"


def load() -> Config:
    """The configuration of the file that WHENCE_CONFIG names, else of `whence.yaml`, else the defaults.

    To be called once, at the entry of a command, which hands it on. Raises ConfigError with one line for each
    mistake.
    """
    path = _path()
    document = Document(FILE) if _absent(path) else read(path)
    if not isinstance(document.values, dict):
        raise ConfigError([document.tell((), "is not a list of keys", "write `key: value` lines")])
    try:
        config = Config.model_validate(document.values)
    except ValidationError as error:
        raise ConfigError(_tell(document, error)) from None
    _check_environment(document, config)
    return config.written_in(document)


def read_secrets(config: Config) -> dict[str, str]:
    """The values of the variables that the configuration names, from the environment or `.env`."""
    known = _environment()
    return {name: known[name] for name in config.secrets.values()}


def _path() -> Path:
    chosen = os.environ.get(VARIABLE)
    return Path(chosen).resolve() if chosen else ROOT / FILE


def _absent(path: Path) -> bool:
    return not os.environ.get(VARIABLE) and not path.exists()


def _check_environment(document: Document, config: Config) -> None:
    known = _environment()
    lines = [
        document.tell(place, "is not set", f"set {name} in .env or the environment")
        for place, name in config.secrets.items()
        if not known.get(name)
    ]
    if lines:
        raise ConfigError(sorted(lines, key=_number))


def _environment() -> dict[str, str]:
    try:
        written = dotenv_values(ROOT / ".env")
    except UnicodeDecodeError:
        raise ConfigError([".env: is not text: save it as UTF-8"]) from None
    return {name: value for name, value in {**written, **os.environ}.items() if value}


def _tell(document: Document, invalid: ValidationError) -> list[str]:
    """One line for each mistake, not again for what holds it."""
    found = {(*_in_file(document, error["loc"]), *_at(error)): error for error in invalid.errors()}
    lines = [
        document.tell(place, *_explain(error))
        for place, error in found.items()
        if not any(other[: len(place)] == place for other in found if other != place)
    ]
    return sorted(lines, key=_number)


def _number(line: str) -> int:
    return int(line.split(":")[1])


def _at(error: Mapping[str, Any]) -> Place:
    if error["type"] == "union_tag_invalid":
        return ("type",)
    return tuple(error["ctx"]["at"]) if error["type"] == WRONG else ()


def _in_file(document: Document, place: Sequence[str | int]) -> Place:
    """Without what pydantic adds, such as the tag of a union."""
    found: Place = ()
    for part in place:
        if (*found, part) in document.lines:
            found = (*found, part)
    return found


_ALLOWED = {
    "bool_type": ("is not a switch", "write true or false"),
    "bool_parsing": ("is not a switch", "write true or false"),
    "float_type": ("is not a number", "write a number without a unit"),
    "finite_number": ("is not a number", "write a number without a unit"),
    "float_parsing": ("is not a number", "write a number without a unit"),
    "tuple_type": ("is not a list", "write entries in [ ], or one per line after a dash"),
    "mapping_type": ("is not a group of keys", "write `key: value` lines under it"),
    "dict_type": ("is not a group of keys", "write `key: value` lines under it"),
    "model_type": ("is not a group of keys", "write `key: value` lines under it"),
    "model_attributes_type": ("is not a group of keys", "write `key: value` lines under it"),
    "too_short": ("is an empty list", "write at least one entry, or remove the key"),
    "union_tag_not_found": ("`type` is missing", "add `type: email`, slack or webhook"),
}


def _explain(error: Mapping[str, Any]) -> tuple[str, str, bool]:
    context = error.get("ctx", {})
    if error["type"] == WRONG:
        return context["problem"], context["allowed"], context["secret"]
    if error["type"] in _ALLOWED:
        return *_ALLOWED[error["type"]], False
    choices = context.get("expected_tags") or context.get("expected")
    if choices:
        listed = str(choices).replace("'", "").replace(" or ", ", ")
        return "is not known", f"use one of: {listed}", False
    return str(error["msg"]).lower(), "see whence.example.yaml", False
