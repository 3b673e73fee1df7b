"""The process `incidents` with a diagnosis that answers at once; a replica soon counts as stalled."""

from collections.abc import Collection

from diagnosis import Verdict
from services.incidents import replicas
from services.incidents.__main__ import main
from tests.unit.services.incidents.opinions import storage_latency

STALLED = 4


async def explain(
    start: float,
    end: float,
    alerted_at: float | None = None,
    services: Collection[str] = (),
    after: float | None = None,
) -> Verdict:
    """Always the same."""
    return storage_latency()


if __name__ == "__main__":
    replicas.STALLED = STALLED
    replicas.SURE = STALLED - 1.0
    main(explain)
