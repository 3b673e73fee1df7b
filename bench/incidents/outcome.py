"""What came of one run, as one JSON line; a file of them that survives being killed while writing."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from bench.incidents.scenario import Scenario
from bench.lines import append_line, read_lines

Objective = Literal["errors", "latency", "hit rate", "measured hit rate", "telemetry"]


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", validate_by_name=True, serialize_by_alias=True)


class Fired(_Line):
    """An alert's first arrival in the inbox, in Unix seconds."""

    name: str
    at: float


class Impact(_Line):
    """Which user-facing objective moved, since when (Unix seconds), and its mean before and after."""

    objective: Objective
    at: float
    before: float
    after: float


class Answer(_Line):
    """A verdict, as far as it is scored; `alternatives` are the other causes, likeliest first."""

    domain: str
    cause: str
    confidence: float = 0.0
    onset: float | None = None
    alternatives: list[str] = []

    @field_validator("alternatives", mode="before")
    @classmethod
    def _name(cls, value: Any) -> Any:
        return [each["cause"] if isinstance(each, dict) else each for each in value]

    @property
    def top(self) -> list[str]:
        """At most three different causes, the answer's own first."""
        return list(dict.fromkeys([self.cause, *self.alternatives]))[:3]


class EvidenceCheck(_Line):
    """How much of what a verdict cites is so: traces that exist, series that moved as it says."""

    traces_cited: int = 0
    traces_found: int = 0
    series_cited: int = 0
    series_confirmed: int = 0


class Outcome(_Line):
    """One run. Times are Unix seconds; `discarded` says why a run does not count, empty when it does.

    `first` is the incident's own first verdict, `answer` the one asked for some time after the alert;
    `diagnosis_seconds` is what that question took, with everything. `early` are alerts of the steady time,
    which lasted `quiet_seconds`. `load` is the machine's load average when the answer came.
    """

    scenario: Scenario
    injected_at: float
    discarded: str = ""
    impact: Impact | None = Field(default=None, validation_alias="felt", serialization_alias="felt")
    alerts: list[Fired] = []
    early: list[Fired] = []
    quiet_seconds: float = 0.0
    first: Answer | None = None
    first_at: float | None = None
    answer: Answer | None = None
    asked_at: float | None = None
    diagnosis_seconds: float | None = None
    evidence_check: EvidenceCheck = Field(
        default=EvidenceCheck(), validation_alias="proof", serialization_alias="proof"
    )
    recovered_after: float | None = None
    took: float = Field(default=0.0, ge=0)
    load: float = 0.0

    @property
    def alerted_at(self) -> float | None:
        """When the first alert came."""
        return min((alert.at for alert in self.alerts), default=None)

    @property
    def control(self) -> bool:
        """Nothing was wrong."""
        return self.scenario.kind == "control"

    @property
    def counted(self) -> bool:
        """A control, or a run with user impact."""
        return not self.discarded and (self.control or self.impact is not None)

    @property
    def given(self) -> Answer | None:
        """The verdict a person would have had: none where no alert came."""
        return self.answer if self.alerts or self.control else None


class Failure(_Line):
    """An attempt that was not kept, at a moment in Unix seconds, and why: it is made again."""

    scenario: str
    at: float
    reason: str


def read_outcomes(file: Path) -> list[Outcome]:
    """The runs kept in a file."""
    return [Outcome.model_validate_json(line) for line in read_lines(file)]


def append_outcome(file: Path, outcome: Outcome) -> None:
    """Add a run; it is on disk when this returns."""
    append_line(file, outcome.model_dump_json())


def read_failures(file: Path) -> list[Failure]:
    """The attempts that were not kept, beside the file of the runs."""
    return [Failure.model_validate_json(line) for line in read_lines(_beside(file))]


def append_failure(file: Path, failure: Failure) -> None:
    """Add an attempt that was not kept, beside the file of the runs."""
    append_line(_beside(file), failure.model_dump_json())


def _beside(file: Path) -> Path:
    return file.with_suffix(f".failures{file.suffix}")


def choose_missing(scenarios: Sequence[Scenario], done: Sequence[Outcome]) -> list[Scenario]:
    """The scenarios that have no run yet; one that was changed since its run is to be run again."""
    kept = {outcome.scenario.id: outcome.scenario for outcome in done}
    return [scenario for scenario in scenarios if kept.get(scenario.id) != scenario]


def choose_latest(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The latest run of each scenario, in the order of the file."""
    return list({outcome.scenario.id: outcome for outcome in outcomes}.values())


History = list[dict[str, Any]]
"""What an incident said, and when: its verdicts with `made_at`, the newest first."""


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
