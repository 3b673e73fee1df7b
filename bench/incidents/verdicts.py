"""What an incident said, and when: its history of verdicts, the newest first."""

from datetime import datetime
from typing import Any

from bench.incidents.outcome import Answer

History = list[dict[str, Any]]


def choose_verdict(history: History, until: float) -> dict[str, Any] | None:
    """The newest verdict made by a moment (Unix seconds); None where there was none yet."""
    return next((dated["verdict"] for dated in history if _made_at(dated) <= until), None)


def describe_first(history: History) -> dict[str, Any]:
    """The incident's own first verdict and when it was made, as fields of an outcome; none of no history."""
    if not history:
        return {}
    first = history[-1]
    return {"first": Answer.model_validate(first["verdict"]), "first_at": round(_made_at(first), 2)}


def _made_at(dated: dict[str, Any]) -> float:
    return datetime.fromisoformat(dated["made_at"]).timestamp()
