"""Limits of answers in the shadow, which users must not notice."""

from pydantic import model_validator

from config.errors import wrong
from config.quantities import Duration, Share
from config.strict import Strict, default

LONGEST_LAG = 1.0


class Shadow(Strict):
    """How much a version in the shadow answers, and what it may cost."""

    share: Share = default("10%")
    """Of the requests, unless `make shadow SHARE=` says another."""
    processor: Share = default("5%")
    """Share of a processor that it may take in each worker of the recommender."""
    max_lag: Duration = default("10ms")
    """Lag of the event loop from which it answers nothing."""

    @model_validator(mode="after")
    def _check(self) -> "Shadow":
        if self.max_lag > LONGEST_LAG:
            raise wrong("is longer than users may wait", f"write at most {LONGEST_LAG:g}s", ["max_lag"])
        return self
