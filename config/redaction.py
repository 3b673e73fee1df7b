"""What the collector masks in telemetry before anything is stored: collector/config.yaml has the defaults."""

import re
import warnings
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from config.errors import wrong
from config.quantities import Text
from config.strict import Strict

_ALLOWED = "write one of RE2, such as `ACME-[0-9]{8}`"
_NOT_IN_RE2 = re.compile(r"\(\?(?:[=!>(#]|<[=!]|P=|[ims-]*[aLux])|(?<!\\)(?:\\\\)*\\[1-9uUNZ]|[*+?}]\+")
"""Lookaround, conditions, atomic groups, comments, other flags, references, characters by number
or name, the end as \\Z, possessive repeats."""
MOST_REPEATS = 1000
"""RE2's bound: with more in a pattern the collector does not start."""
_REPEATS = re.compile(r"\{(?:\d+,)?(\d+),?\}")


def _check_pattern(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise wrong("is not a pattern", _ALLOWED)
    try:
        with warnings.catch_warnings(action="error"):
            found = re.compile(value)
    except (re.error, Warning, OverflowError) as error:
        raise wrong(f"is not a pattern: {error}", _ALLOWED) from None
    if any(int(count) > MOST_REPEATS for count in _REPEATS.findall(value)):
        raise wrong("repeats something too often", f"write at most {MOST_REPEATS} times")
    if _NOT_IN_RE2.search(value):
        raise wrong("has what RE2, the collector's patterns, has not, such as lookaround", _ALLOWED)
    if found.search(""):
        raise wrong("matches every text", "write a pattern that needs at least one character")
    return value


Pattern = Annotated[
    str, BeforeValidator(_check_pattern), WithJsonSchema({"type": "string", "format": "regex"})
]


class Redaction(Strict):
    """Secrets and personal data in attributes; what matches is replaced by `****`."""

    defaults: bool = True
    """Whether authorization headers, cookies, passwords, tokens, API keys and e-mail addresses are masked."""
    keys: tuple[Pattern, ...] = ()
    """More attributes whose values are masked as a whole, by patterns of their names."""
    values: tuple[Pattern, ...] = ()
    """More patterns that are masked wherever they are in a value."""
    keep: tuple[Text, ...] = ()
    """Attributes that are stored as they are, by their names, such as `enduser.id`."""
