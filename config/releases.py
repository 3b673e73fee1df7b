"""Releases: by which steps a version becomes live, and what ends or stops one."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from config.errors import wrong
from config.gate import DurationOrOff
from config.quantities import Duration, Share
from config.strict import Strict, default

MOST_STEPS = 10
SHORTEST_LEASE = 90.0
"""Seconds: a controller that was gone for up to a minute goes on as if it had not been, and its next look, at
which it renews the lease, may wait for answers; until then the users have to keep the version."""


class Step(Strict):
    """A share of the users, until enough is known."""

    share: Share
    """Of the users who get the version."""
    at_least: Duration
    """How long it lasts at least; pauses do not count."""
    rules_out: Annotated[
        Share | None, Field(description="The loss of hits that must be ruled out before the next step.")
    ] = None


STEPS: list[dict[str, str]] = [
    {"share": "1%", "at_least": "30s"},
    {"share": "5%", "at_least": "1m", "rules_out": "60%"},
    {"share": "25%", "at_least": "1m", "rules_out": "35%"},
    {"share": "50%", "at_least": "1m", "rules_out": "25%"},
]


class Release(Strict):
    """How `make release` makes a version live."""

    strategy: Literal["canary", "blue-green"] = "canary"
    """By steps, or all users at once, with the former version at hand."""
    shadow: DurationOrOff = default("10s")
    """How long it answers requests in the shadow first, unseen by users."""
    steps: tuple[Step, ...] = default(STEPS, min_length=1)
    """Of a canary; after the last one the version is live."""
    watch: Duration = default("5m")
    """How long all users have the version before it is live, blue-green."""
    confidence: Share = default("95%")
    """Of the versions that are as good as the live one, this share is never called worse in a release."""
    errors: Share = default("1%")
    """Share of failed requests, of all versions together, above which a release waits."""
    slow: Share = default("10%")
    """Share of requests beyond the objective's latency, of all versions together, above which it waits."""
    undecided: Duration = default("10m")
    """How long a step may try to rule out its loss before a person is asked."""
    answer_within: Duration = default("1h")
    """How long a question waits for a person; then the version is rolled back."""
    longest: Duration = default("12h")
    """How long a release lasts at most, pauses included; then the version is rolled back."""
    lease: Duration = default("2m")
    """How long the users keep the version after the controller has ended without a word."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.steps) > MOST_STEPS:
            raise wrong("has too many entries", f"write at most {MOST_STEPS}", ["steps"])
        for index, (former, step) in enumerate(zip(self.steps, self.steps[1:], strict=False), 1):
            if step.share <= former.share:
                raise wrong(
                    "does not grow",
                    "write a larger share than that of the step before",
                    ["steps", index, "share"],
                )
        if self.lease < SHORTEST_LEASE:
            raise wrong("is too short", f"write at least {SHORTEST_LEASE:g}s", ["lease"])
        return self
