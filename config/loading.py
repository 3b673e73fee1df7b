"""Finds, reads and checks `whence.yaml`."""

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
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
LIMITS = ("objectives", "storage", "model")


def load() -> Config:
    """The configuration of the file that WHENCE_CONFIG names, else of `whence.yaml`, else the defaults.

    Read once for each file. Raises ConfigError with one line for each mistake.
    """
    return _load(_path())[1]


def read_limits() -> dict[str, Any]:
    """What the file itself says of objectives and limits: all that a diagnosis needs of it, and no secret."""
    load()
    values = _load(_path())[0].values
    return {name: values[name] for name in LIMITS if name in values}


def read_secrets() -> dict[str, str]:
    """The values of the variables that the configuration names, from the environment or `.env`."""
    known = _environment()
    return {name: known[name] for name in load().secrets.values()}


def reject(place: Place, problem: str, allowed: str) -> ConfigError:
    """The error for a value that only its user can judge, such as an alert that does not exist."""
    document, _ = _load(_path())
    return ConfigError([_line(document, place, problem, allowed)])


def _path() -> Path:
    chosen = os.environ.get(VARIABLE)
    return Path(chosen).resolve() if chosen else ROOT / FILE


@lru_cache(maxsize=4)
def _load(path: Path) -> tuple[Document, Config]:
    document = Document(FILE) if _absent(path) else read(path)
    if not isinstance(document.values, dict):
        raise ConfigError([_line(document, (), "is not a list of keys", "write `key: value` lines")])
    try:
        config = Config.model_validate(document.values)
    except ValidationError as error:
        raise ConfigError(_tell(document, error)) from None
    _check_environment(document, config)
    return document, config


def _absent(path: Path) -> bool:
    return not os.environ.get(VARIABLE) and not path.exists()


def _check_environment(document: Document, config: Config) -> None:
    known = _environment()
    lines = [
        _line(document, place, "is not set", f"set {name} in .env or the environment")
        for place, name in config.secrets.items()
        if not known.get(name)
    ]
    if lines:
        raise ConfigError(sorted(lines, key=_number))


def _environment() -> dict[str, str]:
    return {name: value for name, value in {**dotenv_values(ROOT / ".env"), **os.environ}.items() if value}


def _tell(document: Document, invalid: ValidationError) -> list[str]:
    """One line for each mistake, not again for what holds it."""
    found = {(*_in_file(document, error["loc"]), *_at(error)): error for error in invalid.errors()}
    lines = [
        _line(document, place, *_explain(error))
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


def _line(document: Document, place: Place, problem: str, allowed: str, secret: bool = False) -> str:
    line, value = document.locate(place)
    got = "a value that is not shown" if secret else _short(value)
    return f"{document.name}:{line}: {_key(place)}: {problem} (got {got}); {allowed}"


def _key(place: Place) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in place]
    return "".join(parts).removeprefix(".") or "file"


def _short(value: Any) -> str:
    """A value as it was written, but of a group only its keys: there may be secrets in it."""
    if isinstance(value, dict):
        text = f"{{{', '.join(value)}}}"
    elif isinstance(value, list):
        text = f"[{', '.join(map(_short, value))}]"
    else:
        text = (
            str(value).lower()
            if isinstance(value, bool)
            else " ".join(str("nothing" if value in (None, "") else value).split())
        )
    return f"{text[:60]}…" if len(text) > 60 else text
