"""Where a user stands: the one hash by which users get variants, and by which their counts are grouped.

    user ──► hash of salt and user: a place in 0..1 ──► 0 ├──── a ────┼── b ──┤ 1

The same user has the same place in every process and version. Another salt makes places that have nothing to
do with the first ones.
"""

from collections.abc import Iterable
from hashlib import blake2b

GROUPS = 32
"""Groups of users that experiments count by: enough that their spread is well known, few enough series."""

GROUP_SALT = "user-group"

_PLACES = float(2**64)


def find_place(salt: str, user: str) -> float:
    """The place of a user, from 0 to below 1."""
    digest = blake2b(f"{salt}{user}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / _PLACES


def choose(place: float, ends: Iterable[tuple[float, str]]) -> str | None:
    """The first part that ends above the place, of parts in the order of their ends; None beyond all."""
    return next((name for end, name in ends if place < end), None)


def find_group(user: str) -> str:
    """The group of a user, the same one in all experiments: its number, with two digits."""
    return f"{int(find_place(GROUP_SALT, user) * GROUPS):02d}"
