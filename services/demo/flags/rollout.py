"""Reading and writing roll-outs: shares of the users by version."""

import json
import time
from collections.abc import Mapping
from math import inf, isfinite
from pathlib import Path
from typing import Any

from services.demo.flags.flag import FLAG_KEY, make_flag, parse_flag, salted
from services.demo.flags.replacement import replace_file


def read_rollout(path: Path) -> dict[str, float]:
    """Percent of the users by version; empty where nothing is rolled out. Raises `FlagError` or OSError."""
    try:
        flag = parse_flag(path.read_text())
    except FileNotFoundError:
        return {}
    if flag is None or time.time() >= flag.until:
        return {}
    return {flag.variants[variant]: share for variant, share in flag.shares.items()}


def write_rollout(path: Path, shares: Mapping[str, float], salt: str = FLAG_KEY, until: float = inf) -> None:
    """Give each version its relative share of the users; the first one is the default. Raises `FlagError`.

    Name the version that was there first: users then only move to the others as their shares grow. After
    `until` (Unix seconds) it counts as if it were not there. The file is replaced as a whole, so that no
    reader sees half of it.
    """
    variants = {version: version for version in shares}
    default = next(iter(shares), "")
    make_flag(variants, default, list(shares.items()), salt)
    hashed_by = [] if salt == FLAG_KEY else [salted(salt)]
    entry: dict[str, Any] = {
        "state": "ENABLED",
        "variants": variants,
        "defaultVariant": default,
        "targeting": {"fractional": [*hashed_by, *([version, share] for version, share in shares.items())]},
    }
    if isfinite(until):
        entry["metadata"] = {"until": until}
    replace_file(path, (json.dumps({"flags": {FLAG_KEY: entry}}, indent=2) + "\n").encode())


def clear_rollout(path: Path) -> None:
    """Give everybody the live version again."""
    replace_file(path, None)
