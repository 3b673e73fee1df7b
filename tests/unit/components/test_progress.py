"""What a waiting person is told."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from components import estimate, progress
from components.pins import Component


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        """Seconds since the beginning."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that progress is measured by."""
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


@pytest.fixture
def queue(component: Component, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> list[Component]:
    """Two components of three and five minutes, on a machine like the one the table was measured on."""
    monkeypatch.setattr("os.cpu_count", lambda: estimate.REFERENCE_CORES)
    return [replace(component, seconds=180), replace(component, name="second", title="Second", seconds=300)]


@pytest.fixture
def output() -> StringIO:
    """What is printed."""
    return StringIO()


@pytest.fixture
def bar(queue: list[Component], output: StringIO) -> progress.Bar:
    """A report at its start."""
    bar = progress.Bar(Console(file=output, width=200))
    bar.start(queue, at_once=2)
    return bar


def test_the_first_line_says_how_much_and_how_long_on_this_machine(
    bar: progress.Bar, output: StringIO
) -> None:
    assert output.getvalue() == (
        "compiling 2 programs (2 at a time) from pinned source, as nothing is downloaded prebuilt: "
        f"about 8 min on 2 cores and up to {480 * estimate.DISK_PER_SECOND:.1f} GB in Go's caches, "
        "this once; later starts take seconds\n"
    )


def test_a_single_program_is_named(queue: list[Component]) -> None:
    assert progress.announcement(queue[:1], at_once=2).startswith("compiling Probe 1.0 from pinned source")


def test_components_that_run_at_the_same_time_share_it(
    bar: progress.Bar, queue: list[Component], clock: Clock
) -> None:
    bar.begin(queue[0])
    bar.begin(queue[1])
    clock.now = 200
    bar.tick()
    assert bar.done == {queue[0]: 100, queue[1]: 100}
    assert bar.remaining == 280


def test_what_is_finished_counts_as_expected(bar: progress.Bar, queue: list[Component], clock: Clock) -> None:
    bar.begin(queue[0])
    clock.now = 20
    bar.end(queue[0])
    assert bar.remaining == 300


def test_lines_tell_what_begins_beside_what_and_how_long_it_took(
    bar: progress.Bar, queue: list[Component], clock: Clock, output: StringIO
) -> None:
    bar.begin(queue[0])
    clock.now = 90
    bar.begin(queue[1])
    clock.now = 210
    bar.end(queue[0])
    assert output.getvalue().splitlines()[1:] == [
        "Probe 1.0: compiling, about 8 min left in all",
        "Second 1.0: compiling beside Probe 1.0, about 6 min left in all",
        "Probe 1.0: compiled in 210 s",
    ]


def test_the_bar_names_the_components_and_the_time_left(bar: progress.Bar, queue: list[Component]) -> None:
    bar.begin(queue[0])
    bar.begin(queue[1])
    bar.tick()
    (task,) = bar.bars.tasks
    assert task.description == "compiling Probe and Second, about 8 min left"


def test_more_cores_shorten_the_estimate(queue: list[Component], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2 * estimate.REFERENCE_CORES)
    assert estimate.seconds(queue[0]) == 90


def test_a_build_that_takes_longer_than_expected_is_never_shown_as_over(
    bar: progress.Bar, queue: list[Component], clock: Clock
) -> None:
    bar.begin(queue[0])
    bar.begin(queue[1])
    clock.now = 10_000
    bar.tick()
    assert 0 < bar.remaining < 60
    assert bar.bars.tasks[0].percentage < 100
