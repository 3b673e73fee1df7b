"""The access trail: who logged in and who called for a change, chained by hashes like the trail of models.

It is a file of its own, also where the incidents are in PostgreSQL: it is written by this service, which may
only read the other.
"""

from pathlib import Path

from anyio import CapacityLimiter, to_thread
from fastapi import HTTPException

from decisions.audit import Action, Change, Trail, TrailError

LENGTH = 200


class AccessLog:
    """Writes before anything is done: there is no change without its entry."""

    def __init__(self, file: Path) -> None:
        self._trail = Trail(file)
        self._turn = CapacityLimiter(1)

    async def record(self, who: str, what: Action, subject: str, **evidence: str) -> None:
        """Add an entry, on disk on return. Raises HTTPException, status 503."""
        change = Change(who=who, what=what, subject=subject[:LENGTH], evidence=dict(evidence))
        try:
            await to_thread.run_sync(self._trail.append, change, limiter=self._turn)
        except TrailError as error:
            raise HTTPException(503, f"nothing is done, because it could not be recorded: {error}") from None
