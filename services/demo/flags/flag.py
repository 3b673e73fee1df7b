"""The one flag, as flagd's JSON format describes it, and its evaluation.

{"flags": {"recommender-model": {"state": "ENABLED", "variants": {"a": "a", "b": "b"}, "defaultVariant": "a",
           "targeting": {"fractional": [["a", 70], ["b", 30]]}}}}

A user keeps their place (`services.assignment`), so while the order is kept, a growing share of the last
variant only adds users. Another salt than the flag's own name, as an experiment has, stands before the
shares as flagd writes it: [{"cat": ["salt", {"var": "targetingKey"}]}, ["a", 70], ["b", 30]].

The flag's "metadata" may hold "until", Unix seconds: after that nobody answers for it any more, and it counts
as if it were not there. Whoever maintains it writes a later moment before.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import accumulate
from math import inf, isfinite, isnan
from typing import Any

from services.assignment import choose, find_place

FLAG_KEY = "recommender-model"
MOST_VARIANTS = 4
VERSION = re.compile(r"[A-Za-z0-9._-]{1,100}")
"""Names that are good in an object's key and in a header."""


class FlagError(ValueError):
    """A flag file that cannot be used; the message says what is wrong with it."""


@dataclass(frozen=True)
class Flag:
    """An enabled flag: values by variant, the default one, and where each variant ends between 0 and 1.

    Without `ends` everybody gets the default variant. `until` is when it lapses, in Unix seconds; a flag that
    is renewed is the same flag.
    """

    variants: Mapping[str, str]
    default: str
    ends: tuple[tuple[float, str], ...] = ()
    salt: str = FLAG_KEY
    until: float = field(default=inf, compare=False)

    def choose(self, user: str) -> str:
        """The variant of a user: always the same one for the same shares."""
        if not self.ends:
            return self.default
        return choose(find_place(self.salt, user), self.ends) or self.ends[-1][1]

    @property
    def shares(self) -> dict[str, float]:
        """Percent of the users by variant."""
        if not self.ends:
            return {self.default: 100.0}
        starts = (0.0, *(end for end, _ in self.ends))
        return {
            variant: round(100 * (end - start), 6)
            for start, (end, variant) in zip(starts, self.ends, strict=False)
        }


def parse_flag(text: str) -> Flag | None:
    """The flag in a file's text; None where it is absent or disabled. Raises `FlagError`."""
    try:
        document = json.loads(text)
        entry = document["flags"].get(FLAG_KEY)
        if entry is None or _is_off(entry.get("state", "ENABLED")):
            return None
        variants, default = entry["variants"], entry["defaultVariant"]
        targeting = entry.get("targeting", {})
        if unknown := targeting.keys() - {"fractional"}:
            raise FlagError(
                f"targeting by {', '.join(sorted(unknown))} is not understood, only fractional is"
            )
        salt, buckets = _read_salt(targeting.get("fractional", []))
        shares = [(str(variant), float(weight)) for variant, weight in buckets]
        until = _read_until(entry.get("metadata", {}))
        return replace(make_flag(variants, default, shares, salt), until=until)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, FlagError):
            raise
        raise FlagError(f"not a flag file in flagd's format: {type(error).__name__}: {error}") from error


def _read_salt(buckets: list[Any]) -> tuple[str, list[Any]]:
    """What users are hashed with, and the shares after it."""
    if not buckets or not isinstance(buckets[0], dict):
        return FLAG_KEY, buckets
    match buckets[0]:
        case {"cat": [str(salt), {"var": "targetingKey"}]} if salt:
            return salt, buckets[1:]
    written, wanted = json.dumps(buckets[0]), json.dumps(salted("salt"))
    raise FlagError(f"{written} is not a salt and the user in flagd's format, such as {wanted}")


def _read_until(metadata: Mapping[str, Any]) -> float:
    until = metadata.get("until", inf)
    if not isinstance(until, int | float) or isinstance(until, bool) or isnan(until):
        raise FlagError(f"until {until!r} is not a moment in Unix seconds")
    return float(until)


def salted(salt: str) -> dict[str, Any]:
    """What flagd hashes users by, with a salt."""
    return {"cat": [salt, {"var": "targetingKey"}]}


def _is_off(state: str) -> bool:
    if state not in ("ENABLED", "DISABLED"):
        raise FlagError(f"state {state!r} is neither ENABLED nor DISABLED")
    return state == "DISABLED"


def make_flag(
    variants: Mapping[str, Any], default: str, shares: list[tuple[str, float]], salt: str = FLAG_KEY
) -> Flag:
    """A checked flag; `shares` are relative weights in the order of the places. Raises `FlagError`."""
    if not 1 <= len(variants) <= MOST_VARIANTS:
        raise FlagError(f"{len(variants)} variants: there have to be 1 to {MOST_VARIANTS}")
    if not all(isinstance(value, str) and VERSION.fullmatch(value) for value in variants.values()):
        raise FlagError("a variant's value has to be the name of a version: letters, digits, and . _ -")
    unknown = {default, *(variant for variant, _ in shares)} - variants.keys()
    if unknown:
        raise FlagError(f"no such variant: {', '.join(sorted(map(str, unknown)))}")
    if not all(isfinite(weight) and weight >= 0 for _, weight in shares):
        raise FlagError("a share has to be a number from 0 on")
    if not shares:
        return Flag(dict(variants), default)
    total = sum(weight for _, weight in shares)
    if not total > 0:
        raise FlagError("all shares are 0")
    ends = accumulate(weight / total for _, weight in shares)
    parts = zip(ends, (variant for variant, _ in shares), strict=True)
    return Flag(dict(variants), default, tuple(parts), salt)
