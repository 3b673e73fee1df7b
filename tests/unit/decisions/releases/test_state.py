"""The levels of a release, which its confidence pays for."""

import pytest

from tests.unit.decisions.releases.cases import begun, shadowed


def test_the_levels_of_all_windows_leave_the_confidence() -> None:
    state = begun()
    levels = [state.model_copy(update={"windows": n}).level for n in range(1, 5_000)]
    assert sum(levels) == pytest.approx(1 - state.limits.confidence, abs=1e-4)
    assert levels[0] == levels[3] > levels[4] > levels[5]
    assert shadowed(windows=1).level == levels[0]
