"""Every recorded run diagnosed again, in seconds of CPU: what a change of the diagnosis is worth."""

import json
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bench.incidents.ablations import ABLATIONS, Diagnose, Edit
from bench.incidents.outcome import Answer, Outcome
from bench.incidents.recording import Recording
from bench.incidents.scoring import Score, score, score_calm

FLOOR = "floor.json"


class Floor(BaseModel):
    """What a replay has to reach: shares (0–1) at least, controls blamed and seconds of CPU at most."""

    model_config = ConfigDict(extra="forbid")

    recordings: int = Field(ge=0)
    domain: float = Field(ge=0, le=1)
    cause: float = Field(ge=0, le=1)
    top3: float = Field(ge=0, le=1)
    controls_blamed: float = Field(ge=0, le=1)
    seconds: float = Field(gt=0)


@dataclass(frozen=True)
class Replay:
    """The runs with their new answers, by what was taken away."""

    runs: dict[str, list[Outcome]]
    seconds: float

    @property
    def outcomes(self) -> list[Outcome]:
        """With all the evidence."""
        return next(iter(self.runs.values()))

    def score(self, ids: Collection[str]) -> dict[str, Score]:
        """The score of some scenarios, by what was taken away."""
        return {name: score([o for o in of if o.scenario.id in ids]) for name, of in self.runs.items()}


def replay(recordings: Sequence[Recording], diagnose: Diagnose) -> Replay:
    """Diagnose every recording anew, as it is and with less evidence.

    `seconds` is all of it, in seconds of CPU, so other load on the machine does not count.
    """
    began = time.process_time()
    runs = {name: _rediagnose(recordings, diagnose, edit) for name, edit in ABLATIONS.items()}
    return Replay(runs, time.process_time() - began)


def _rediagnose(recordings: Sequence[Recording], diagnose: Diagnose, edit: Edit) -> list[Outcome]:
    return [_answer(recording, diagnose, edit) for recording in recordings]


def _answer(recording: Recording, diagnose: Diagnose, edit: Edit) -> Outcome:
    """The run as it would have been; one that was spoilt before it had evidence stays as it was."""
    if recording.evidence is None:
        return recording.outcome
    evidence, alerted_at = edit(recording, recording.evidence, recording.outcome.alerted_at)
    verdict = diagnose(evidence, alerted_at)
    return recording.outcome.model_copy(update={"answer": Answer.model_validate(verdict.model_dump())})


def read_floor(folder: Path) -> Floor:
    """The floor of a folder of recordings. Raises ValueError."""
    file = folder / FLOOR
    try:
        return Floor.model_validate(json.loads(file.read_text()))
    except (OSError, ValueError, ValidationError) as error:
        raise ValueError(f"{file} is not a floor: {str(error).splitlines()[0]}") from None


def find_shortfalls(result: Replay, floor: Floor) -> list[str]:
    """What is below the floor, a line each."""
    found, calm = score(result.outcomes), score_calm(result.outcomes)
    wanted = (
        ("domain right", found.domain.value, floor.domain),
        ("cause right", found.cause.value, floor.cause),
        ("cause among three", found.top3.value, floor.top3),
    )
    lines = [
        f"{what}: {value:.1%}, the floor is {least:.1%}" for what, value, least in wanted if value < least
    ]
    if calm.controls and calm.blamed.value > floor.controls_blamed:
        lines.append(f"controls blamed: {calm.blamed.value:.1%}, at most {floor.controls_blamed:.1%} may be")
    if result.seconds > floor.seconds:
        lines.append(
            f"the replay took {result.seconds:.1f} s of CPU, at most {floor.seconds:g} s are allowed"
        )
    if len(result.outcomes) < floor.recordings:
        lines.append(f"{len(result.outcomes)} recordings, at least {floor.recordings} are expected")
    return lines
