"""Whether a candidate may serve: all checks at once, so that a refusal names everything that is wrong."""

from dataclasses import dataclass

from config.gate import GateLimits
from decisions.gate.card import Card
from decisions.gate.check import Check
from decisions.gate.fitness import check_budget, check_card, check_data, check_features
from decisions.gate.quality import check_quality, check_segments


@dataclass(frozen=True)
class Report:
    """What the gate says of a candidate beside the live version."""

    candidate: str
    live: str
    checks: tuple[Check, ...]
    service: str = ""
    model: str = ""
    """Of which the candidate is a version; empty if its card does not say."""

    @property
    def passed(self) -> bool:
        return not self.failures

    @property
    def failures(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if not check.passed)


def judge(candidate: Card, live: Card, limits: GateLimits, now: float) -> Report:
    """Look at everything that is not switched off; `now` is in Unix seconds."""
    return Report(
        candidate.version,
        live.version,
        (
            *check_quality(candidate, live, limits),
            *check_segments(candidate, live, limits),
            *check_budget(candidate, limits),
            *check_features(candidate, live, limits),
            *check_data(candidate, live, limits, now),
            *check_card(candidate, limits),
        ),
        candidate.service,
        candidate.model,
    )
