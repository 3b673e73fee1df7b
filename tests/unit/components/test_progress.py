"""What a waiting person is told."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from components import progress
from components.pins import Component


@pytest.fixture
def queue(component: Component, monkeypatch: pytest.MonkeyPatch) -> list[Component]:
    """Two components of three and five minutes, on a machine like the one the table was measured on."""
    monkeypatch.setattr("os.cpu_count", lambda: progress.REFERENCE_CORES)
    return [replace(component, seconds=180), replace(component, name="second", title="Second", seconds=300)]


def test_the_estimate_covers_what_is_left_of_the_queue(queue: list[Component]) -> None:
    bar = progress.Bar(queue, Console(file=StringIO()))
    bar.begin(queue[0])
    assert bar.remaining == pytest.approx(480, abs=5)
    bar.end()
    bar.begin(queue[1])
    assert bar.remaining == pytest.approx(300, abs=5)


def test_the_bar_names_the_component_and_the_time_left(queue: list[Component]) -> None:
    bar = progress.Bar(queue, Console(file=StringIO()))
    bar.begin(queue[0])
    assert bar.bars.tasks[0].description == "compiling Probe 1.0, about 8 min left in all, elapsed"


def test_more_cores_shorten_the_estimate(queue: list[Component], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2 * progress.REFERENCE_CORES)
    assert progress.expected(queue[0]) == 90


def test_a_build_that_takes_longer_than_expected_is_never_shown_as_over(queue: list[Component]) -> None:
    bar = progress.Bar(queue[:1], Console(file=StringIO()))
    bar.begin(queue[0])
    bar.started -= 1_000
    bar.tick()
    assert bar.bars.tasks[0].percentage < 100


def test_components_that_another_builder_finished_are_passed_over(queue: list[Component]) -> None:
    report = progress.Progress(queue, Console(file=StringIO()))
    report.begin(queue[1])
    assert report.remaining == pytest.approx(300, abs=5)
