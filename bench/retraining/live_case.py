"""What happens to live stacks whose model is retrained by itself, and what a run keeps."""

from typing import Literal

from bench.incidents.client_samples import Rate
from bench.live_cases import Kept, LiveRun
from decisions.audit import Action
from decisions.retraining.grounds import Code

Severity = Literal["medium", "high"]


class Kind(Kept):
    """A fault, none in quiet time, and the right answer to whether to retrain."""

    fault: str
    severity: Severity
    answer: Code


KINDS = {
    "covariate-drift": Kind(fault="covariate-drift", severity="medium", answer="retrain"),
    "concept-drift": Kind(fault="concept-drift", severity="medium", answer="retrain"),
    "storage-latency": Kind(fault="storage-latency", severity="high", answer="not-the-model"),
    "catalogue-corruption": Kind(fault="catalogue-corruption", severity="high", answer="broken-data"),
    "surge": Kind(fault="traffic-surge", severity="high", answer="not-the-model"),
    "collector-outage": Kind(fault="collector-outage", severity="high", answer="quality-unknown"),
    "quiet": Kind(fault="", severity="high", answer="nothing-wrong"),
}
BACK = 0.9
"""Part of the hit rate before a drift that a retraining has to bring back."""


class Told(Kept):
    """An entry of the audit trail; `code` is the answer of one that is an answer."""

    at: float
    what: Action
    subject: str
    why: str
    code: Code | None = None


class RetrainingRun(LiveRun):
    """A case that was run. `began` is when the fault did, or the quiet time.

    `answer` is that to `make retrain`, asked in the incident, or of the automatic one if that retrained;
    `live_at` is when the version that was trained became live. `before`, `during` and `after` are quality.
    """

    began: float
    ended: float
    answer: Code | None
    told: tuple[Told, ...]
    live_at: float | None = None
    before: Rate
    during: Rate
    after: Rate | None = None

    @property
    def kind(self) -> Kind:
        return KINDS[self.case.name]

    @property
    def retrained(self) -> bool:
        """Whether a retraining was begun, by whomever."""
        return any(each.what == "retraining.begun" for each in self.told)

    @property
    def back(self) -> float | None:
        """Quality once the trained version was live, as a part of that before."""
        return self.after.value / self.before.value if self.after and self.before.hits else None

    @property
    def right(self) -> bool:
        """Whether a drift was retrained for and quality came back; else whether it was refused, and why."""
        if self.kind.answer == "retrain":
            return self.back is not None and self.back >= BACK
        return self.answer == self.kind.answer and not self.retrained
