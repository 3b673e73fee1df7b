"""Experiments as whence.yaml declares them."""

from typing import Any

from config import Config
from config.experiments import Experiment


def declare(name: str = "smaller", **changes: Any) -> Experiment:
    """Two even variants of model versions, with the default metrics."""
    entry = {
        "name": name,
        "start": "2026-11-29T12:00:00Z",
        "variants": [
            {"name": "control", "version": "v1", "share": "50%"},
            {"name": "treatment", "version": "v2", "share": "50%"},
        ],
    }
    return Config.model_validate({"experiments": [entry | changes]}).experiments[0]
