"""Every panel on the live stack at peace: with data, and quick."""

import pytest

from tests.e2e.dashboards import panels
from tests.e2e.dashboards.panels import DASHBOARDS, settle
from tests.e2e.live import Stack, eventually

SLOWEST_MS = 300.0
"""What a person does not wait for."""


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_no_panel_is_empty_or_slow_at_peace(
    stack: Stack, uid: str, capsys: pytest.CaptureFixture[str]
) -> None:
    values = settle(stack, uid)
    times: dict[str, float] = {}
    for target in panels.targets(DASHBOARDS[uid]):
        if not stack.has(target.needs):
            continue

        def answered(target: panels.Target = target) -> bool:
            series, times[target.name] = panels.ask(stack, target, values)
            return panels.has_data(series)

        eventually(f"data of {target.name}: {panels.fill(target.expr, values)}", answered, 180, every=2)
    slowest = max(times, key=lambda name: times[name])
    with capsys.disabled():
        print(f"\n{uid}: {len(times)} queries, slowest {times[slowest]:.0f} ms: {slowest}")
    assert {name: ms for name, ms in times.items() if ms > SLOWEST_MS} == {}


def test_every_variables_values_are_real(stack: Stack) -> None:
    for dashboard in DASHBOARDS.values():
        for variable in dashboard["templating"]["list"]:
            values = panels.read_variables(stack, dashboard)[variable["name"]]
            assert values, variable["name"]
            assert variable["multi"] or variable["current"]["value"] in values
