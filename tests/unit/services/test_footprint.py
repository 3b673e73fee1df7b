"""Processes that need little load little."""

import subprocess
import sys

import pytest

HEAVY = ("opentelemetry.sdk", "fastapi", "openfeature")
"""40 MB, 20 MB, and what the SDKs load in turn."""


@pytest.mark.parametrize(
    ("process", "heavy"),
    [
        ("services.demo.traffic", HEAVY),
        ("services.demo.trainer", HEAVY),
        ("services.demo.features", (*HEAVY, "boto3", "botocore", "scipy")),
        ("stack", ("scipy",)),
    ],
)
def test_what_a_process_needs_not_it_does_not_load(process: str, heavy: tuple[str, ...]) -> None:
    program = f"import sys, {process}.__main__; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
