"""Panels of errors on the live stack, when something breaks."""

from contextlib import suppress

import httpx

from tests.e2e.dashboards import panels
from tests.e2e.dashboards.panels import DASHBOARDS, settle
from tests.e2e.live import Stack, eventually, stopped

LATE = {
    ("object-storage", "Past deadline"): 0.5,
    ("object-storage", "Fallback rate"): 0.5,
    ("object-storage", "Deadline misses"): 0.5,
    ("object-storage", "Answers without fresh features, by reason"): 1.0,
    ("recommendation-quality-and-storage", "Reasons for degraded answers"): 1.0,
    ("overview", "Burn rate against its alert"): 0.0,
}
"""What storage that is late raises, and above what."""

AWAY = {
    ("object-storage", "Error rate"): 0.1,
    ("object-storage", "Failed operations by type"): 0.1,
    ("object-storage", "Fallback rate"): 0.1,
    ("overview", "Parts down"): 0.5,
    ("pipeline-health", "Targets down"): 0.5,
    ("service", "Failed stages"): 0.1,
}
"""What storage that is gone raises."""

NO_MODEL = {
    ("service", "Error rate"): 0.01,
    ("service", "Failed requests by route"): 0.1,
}
"""What a service raises that starts while storage is gone."""


def test_panels_of_errors_fill_when_storage_breaks(stack: Stack) -> None:
    """One run through three troubles: late, gone, and gone while a service starts."""
    stack.run("faults", "break", "storage-latency", "high")
    try:
        _await_raised(stack, LATE)
        _await_verdict(stack, storage=True)
    finally:
        stack.run("faults", "mend")
    _await_verdict(stack, storage=False)
    with stopped(stack, "minio"):
        _await_raised(stack, AWAY)
        stack.control("restart", "recommender")
        _await_raised(stack, NO_MODEL, meanwhile=f"{stack.url('recommender')}/recommendations/1")
    _await_verdict(stack, storage=False)


def _await_raised(stack: Stack, expected: dict[tuple[str, str], float], meanwhile: str = "") -> None:
    """Wait until each panel is above its bound, asking for a page `meanwhile`."""
    for (uid, title), bound in expected.items():

        def raised(uid: str = uid, title: str = title, bound: float = bound) -> bool:
            if meanwhile:
                _try(stack, meanwhile)
            return _highest(stack, uid, title) > bound

        eventually(f"{uid} / {title} above {bound}", raised, 90, every=0.2)


def _try(stack: Stack, url: str) -> None:
    with suppress(httpx.HTTPError):
        stack.http.get(url)


def _await_verdict(stack: Stack, storage: bool) -> None:
    """Wait until the first panel names storage, or no longer does: not before its incident is over."""

    def agreed() -> bool:
        looks = _newest(stack, "overview", "Where to look")
        return bool(looks) and any("storage" in look.lower() for look in looks) is storage

    eventually(f"Where to look names storage: {storage}", agreed, 600, every=1)


def _highest(stack: Stack, uid: str, title: str) -> float:
    return max(_newest(stack, uid, title).values(), default=float("-inf"))


def _newest(stack: Stack, uid: str, title: str) -> dict[str, float]:
    values = settle(stack, uid)
    wanted = [target for target in panels.targets(DASHBOARDS[uid]) if target.panel == title]
    assert wanted, f"{uid} has no panel {title!r}"
    found = [panels.newest(panels.ask(stack, target, values)[0]) for target in wanted]
    return {
        f"{name} {index}": number for index, numbers in enumerate(found) for name, number in numbers.items()
    }
