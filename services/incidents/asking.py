"""What `POST /api/diagnoses` takes."""

from datetime import UTC, datetime, timedelta
from typing import Self

from pydantic import AwareDatetime, BaseModel, model_validator

from services.incidents.schedule import LONGEST

SKEW = timedelta(minutes=1)
"""How far the asker's clock may be ahead of ours."""


class Asked(BaseModel):
    """A window to diagnose: times with a zone, or unix seconds; at most LONGEST, and not in the future."""

    start: AwareDatetime
    end: AwareDatetime

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.start >= self.end:
            raise ValueError("the window is empty: start has to be before end")
        if self.end - self.start > LONGEST:
            raise ValueError("the window is too long: at most 6 hours can be diagnosed at once")
        if self.end > datetime.now(UTC) + SKEW:
            raise ValueError("the window ends in the future: end it now at the latest")
        return self
