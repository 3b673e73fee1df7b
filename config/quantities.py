"""Values with a unit as people write them: `300ms`, `30d`, `99.9%`, `${SLACK_WEBHOOK_URL}`."""

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from config.errors import wrong

STEP = 10
"""Seconds: Grafana evaluates at multiples of this only."""

_UNITS = {"ms": "0.001", "s": "1", "m": "60", "h": "3600", "d": "86400", "w": "604800"}
_DURATION = r"^\d+(\.\d+)?(ms|s|m|h|d|w)$"
_PERCENT = r"^\d+(\.\d+)?\s*%$"
_COLUMN = r"""^[^\s$"'#,;|=]([^$"'#,;|=\n\r\t]{0,98}[^\s$"'#,;|=])?$"""
_REFERENCE = r"^\$\{[A-Z_][A-Z0-9_]*\}$"
_A_DURATION = "write a number above 0 with ms, s, m, h, d or w, such as 300ms"
_A_SHARE = "write a share between 0 and 1, such as 0.99 or 99%"


def _seconds(value: Any) -> float:
    found = re.fullmatch(_DURATION, value) if isinstance(value, str) else None
    if not found:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        raise wrong("has no unit" if number else "is not a duration", _A_DURATION)
    seconds = float(Decimal(value.removesuffix(found[2])) * Decimal(_UNITS[found[2]]))
    if not seconds:
        raise wrong("cannot be zero", _A_DURATION)
    return seconds


def _whole(value: Any) -> int:
    seconds = _seconds(value)
    if seconds % STEP:
        raise wrong(f"is not a multiple of {STEP}s", f"write a multiple of {STEP}s, such as 30s or 5m")
    return int(seconds)


def _whole_or_zero(value: Any) -> int:
    return 0 if value == "0s" else _whole(value)


def _share(value: Any) -> float:
    share = number_or_percent(value)
    if share is None:
        raise wrong("is not a share", _A_SHARE)
    if not 0 < share < 1:
        raise wrong("is impossible", _A_SHARE)
    return share


def number_or_percent(value: Any) -> float | None:
    """`0.92`, `92%` or 4.5 as a number; None for anything else."""
    if isinstance(value, str) and re.fullmatch(_PERCENT, value):
        return float(Decimal(value.rstrip("% ")) / 100)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _reference(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(_REFERENCE, value):
        raise wrong(
            "is a secret and cannot stand in the file",
            "name an environment variable, such as ${SLACK_WEBHOOK_URL}",
            secret=True,
        )
    return value


def _address(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"https?://[^\s/]+\S*", value):
        raise wrong("is not an address", "write one with http:// or https://, such as http://127.0.0.1:8010")
    return value.rstrip("/")


def _address_or_reference(value: Any) -> str:
    return value if isinstance(value, str) and re.fullmatch(_REFERENCE, value) else _address(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise wrong("is not a text", "write at least one character; quote what looks like a number")
    return value


def _column(value: Any) -> str:
    if not re.fullmatch(_COLUMN, _text(value)):
        raise wrong(
            "cannot be the name of a column", "write the header's word, without $, quotes and separators"
        )
    return str(value)


def _folder(value: Any) -> str:
    if set(_text(value)) & set("$/") or not value.isprintable():
        raise wrong("cannot be a folder's title in Grafana", "write one line without $ and /")
    return str(value)


def _name(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,39}", value):
        raise wrong("is not a name", "write at most 40 letters, digits, dots, dashes and underscores")
    return value


def _schema(pattern: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": [example]})


_SHARE_SCHEMA = {
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        {"type": "string", "pattern": _PERCENT},
    ],
    "examples": ["99%"],
}

Duration = Annotated[float, BeforeValidator(_seconds), _schema(_DURATION, "300ms")]
"""Seconds, above zero."""

Interval = Annotated[int, BeforeValidator(_whole), _schema(_DURATION, "30s")]
"""Whole seconds, a multiple of `STEP`, above zero."""

Wait = Annotated[int, BeforeValidator(_whole_or_zero), _schema(r"^(0s|\d+(\.\d+)?(s|m|h|d|w))$", "20s")]
"""Whole seconds, a multiple of `STEP` or zero."""

Share = Annotated[float, BeforeValidator(_share), WithJsonSchema(_SHARE_SCHEMA)]
"""Between 0 and 1, neither included."""

Secret = Annotated[str, BeforeValidator(_reference), _schema(_REFERENCE, "${SLACK_WEBHOOK_URL}")]
"""`${NAME}` of an environment variable; never the secret itself."""

Address = Annotated[str, BeforeValidator(_address), _schema(r"^https?://\S+$", "http://127.0.0.1:8010")]
"""A web address without a slash at its end."""

AddressOrSecret = Annotated[
    str,
    BeforeValidator(_address_or_reference),
    _schema(r"^(https?://\S+|\$\{[A-Z_][A-Z0-9_]*\})$", "${TEAM_WEBHOOK_URL}"),
]
"""A web address, or the `${NAME}` of an environment variable that holds it."""

Text = Annotated[str, BeforeValidator(_text), Field(min_length=1)]
Folder = Annotated[str, BeforeValidator(_folder), _schema(r"^[^$/]+$", "Whence")]
Column = Annotated[str, BeforeValidator(_column), _schema(_COLUMN, "customer_id")]
"""A column's name as the header of a file has it."""

Name = Annotated[str, BeforeValidator(_name), _schema(r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,39}$", "checkout")]


def variable(reference: str) -> str | None:
    """The environment variable a `${NAME}` names; None for anything else."""
    return reference[2:-1] if re.fullmatch(_REFERENCE, reference) else None
