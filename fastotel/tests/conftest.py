"""The package is imported from its sources: the project's environment need not have it installed.

pytest names test modules after their folders and so takes the folder `fastotel` for the package of that name.
"""

import importlib
import os
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parents[1] / "src"), str(Path(__file__).parent)]
sys.modules.pop("fastotel", None)
importlib.import_module("fastotel")


@pytest.fixture(autouse=True)
def without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No `OTEL_*` variable but those that a test sets."""
    for variable in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(variable)
