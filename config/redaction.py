"""What the collector masks in telemetry before anything is stored: collector/config.yaml has the defaults."""

import re
import warnings
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from config.errors import wrong
from config.quantities import Text
from config.strict import Strict

_ALLOWED = "write one of RE2, such as `ACME-[0-9]{8}`"
_ESCAPE = r"\\(?:[dDsSwWafnrtvx0]|[^0-9A-Za-z\x80-\U0010FFFF])"
_PIECE = re.compile(
    rf"""
      {_ESCAPE} | \\[AbB] | \(\?[ims]+\)
    | \[\^?+\]?+ (?:{_ESCAPE} | [^\\\[\]\uD800-\uDFFF] | \[(?!:))*+ \]
    | (?P<open>\((?:\?P<[A-Za-z0-9_]+> | \?[ims-]*: | (?!\?)))
    | (?P<close>\))
    | (?:[*+?] | \{{(?:[0-9]+,)?(?P<count>[0-9]+),?\}}) \?? (?!\+)
    | \{{(?=\}}) | \{{(?![0-9]*,?[0-9]*\}})
    | [^\\\[(){{*+?\uD800-\uDFFF]
    """,
    re.VERBOSE,
)
"""What patterns of Python and RE2 have in common: the collector does not start with one that RE2 refuses.

Not in RE2 are lookaround, conditions, atomic groups, comments, other flags, references, characters by number
or name, the end as \\Z, possessive repeats and the backspace in a set; `{,5}` is a text there.
https://github.com/google/re2/wiki/Syntax.
"""
MOST_REPEATS = 1000
"""RE2's bound, of repeats in repeats for their product."""
LARGEST = 500_000
"""Characters once repeats are written out; RE2 takes a few millions of steps."""


def _check_pattern(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise wrong("is not a pattern", _ALLOWED)
    try:
        with warnings.catch_warnings(action="error"):
            found = re.compile(value)
    except (re.error, Warning, OverflowError, RecursionError) as error:
        raise wrong(f"is not a pattern: {error}", _ALLOWED) from None
    pieces = list(_PIECE.finditer(value))
    if "".join(piece[0] for piece in pieces) != value:
        raise wrong("has what RE2, the collector's patterns, has not, such as lookaround", _ALLOWED)
    repeats = _multiply_repeats(pieces)
    if repeats > MOST_REPEATS or repeats * len(value) > LARGEST:
        allowed = f"write at most {MOST_REPEATS} times, repeats in repeats multiplied"
        raise wrong("repeats something too often", allowed)
    if found.search(""):
        raise wrong("matches every text", "write a pattern that needs at least one character")
    return value


def _multiply_repeats(pieces: Sequence[re.Match[str]]) -> int:
    """How often the part of a pattern is written out that is written out most."""
    groups, last = [1], 1
    for piece in pieces:
        if piece["open"]:
            groups.append(1)
        last = groups.pop() if piece["close"] else last * int(piece["count"]) if piece["count"] else 1
        groups[-1] = max(groups[-1], last)
    return groups[0]


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
