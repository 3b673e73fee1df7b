"""Runs promtool on made-up series, and writes native histograms the way it reads them."""

import json
import subprocess
from collections.abc import Sequence
from math import ceil, log2
from pathlib import Path
from typing import Any

import pytest

from components.build import ComponentMissing, binary

STEP = 10
"""Seconds between samples."""

Groups = Sequence[dict[str, Any]]
"""Groups of rules."""


def run_promtool(folder: Path, tests: Sequence[dict[str, Any]], groups: Groups, every: int = STEP) -> None:
    """Fails with promtool's words when a test does; skips where promtool is not built.

    It evaluates all rules `every` so many seconds, whatever the intervals of their groups. Files are written
    as JSON, which is YAML: that takes a hundredth of the time.
    """
    try:
        promtool = binary("promtool")
    except ComponentMissing as missing:
        pytest.skip(str(missing))
    (folder / "rules.yaml").write_text(json.dumps({"groups": list(groups)}))
    suite = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": f"{every}s",
        "group_eval_order": [group["name"] for group in groups],
        "tests": list(tests),
    }
    (folder / "test.yaml").write_text(json.dumps(suite))
    result = subprocess.run(
        [promtool, "test", "rules", "test.yaml"], cwd=folder, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr


def histogram(*phases: tuple[int, dict[float, int]]) -> str:
    """Samples of a growing native histogram: for each phase its seconds, and {value: count} of each step."""
    total: dict[float, int] = {}
    parts = [_sample({})]
    for seconds, observed in phases:
        first = {value: total.get(value, 0) + observed.get(value, 0) for value in {*total, *observed}}
        steps = seconds // STEP - 1
        parts.append(f"{_sample(first)}+{_sample(observed)}x{steps}")
        total = {value: count + steps * observed.get(value, 0) for value, count in first.items()}
    return " ".join(parts)


def counter(*phases: tuple[int, float]) -> str:
    """Samples of a growing counter: for each phase its seconds, and its increase in each step."""
    total = 0.0
    parts = ["0"]
    for seconds, increase in phases:
        steps = seconds // STEP - 1
        parts.append(f"{total + increase:g}+{increase:g}x{steps}")
        total += increase * (steps + 1)
    return " ".join(parts)


def gauge(*phases: tuple[int, float]) -> str:
    """Samples of a gauge: for each phase its seconds and its value."""
    return " ".join(f"{value:g}+0x{seconds // STEP - 1}" for seconds, value in phases)


def _sample(observed: dict[float, int]) -> str:
    """Schema 3: eight buckets to each power of two."""
    if not observed:
        return "{{schema:3 sum:0 count:0}}"
    buckets: dict[int, int] = {}
    for value, count in observed.items():
        index = ceil(log2(value) * 8)
        buckets[index] = buckets.get(index, 0) + count
    low, high = min(buckets), max(buckets)
    counts = " ".join(str(buckets.get(index, 0)) for index in range(low, high + 1))
    total = sum(value * count for value, count in observed.items())
    return f"{{{{schema:3 sum:{total:g} count:{sum(observed.values())} offset:{low} buckets:[{counts}]}}}}"
