"""Tells who waits what is compiled, why, and for how long: a bar on a terminal, else plain lines."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich import progress as bars
from rich.console import Console

from components.pins import Component

REFERENCE_CORES = 2
REASON = "nothing is downloaded prebuilt, and the next start finds it ready"


class Progress:
    """Progress over a queue of components, as one line at the start and one at the end of each."""

    def __init__(self, queue: Sequence[Component], console: Console) -> None:
        self.queue = list(queue)
        self.console = console
        self.started = time.monotonic()

    def say(self, text: str) -> None:
        """Print one line."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def wait(self) -> None:
        """Another process builds in the same cache."""
        self.say("another build is under way in this cache: waiting for it to finish")

    def begin(self, component: Component) -> None:
        """The compilation of a component starts; those before it in the queue are done."""
        del self.queue[: self.queue.index(component)]
        self.started = time.monotonic()
        self.say(
            f"{named(component)}: first start, compiling it (about {duration(expected(component))}); {REASON}"
        )

    def tick(self) -> None:
        """The compilation is still under way."""

    def end(self) -> None:
        """The compilation that began last is complete."""
        self.say(f"{named(self.queue.pop(0))}: compiled in {self.elapsed:.0f} s")

    @property
    def elapsed(self) -> float:
        """Seconds since the current compilation began."""
        return time.monotonic() - self.started

    @property
    def remaining(self) -> float:
        """The seconds that the rest of the queue is expected to take."""
        if not self.queue:
            return 0.0
        current, *later = map(expected, self.queue)
        return max(current - self.elapsed, 1.0) + sum(later)


class Bar(Progress):
    """The same with a bar that moves by expected durations."""

    def __init__(self, queue: Sequence[Component], console: Console) -> None:
        super().__init__(queue, console)
        self.total = sum(map(expected, queue))
        columns = (bars.SpinnerColumn(), bars.BarColumn(), bars.TextColumn("{task.description}"))
        self.bars = bars.Progress(*columns, bars.TimeElapsedColumn(), console=console, transient=True)
        self.task = self.bars.add_task("", total=self.total)

    def begin(self, component: Component) -> None:
        """See Progress."""
        super().begin(component)
        self.tick()

    def tick(self) -> None:
        """Move the bar."""
        description = (
            f"compiling {named(self.queue[0])}, about {duration(self.remaining)} left in all, elapsed"
        )
        self.bars.update(self.task, completed=self.total - self.remaining, description=description)


def named(component: Component) -> str:
    """A component as people know it, such as "Prometheus 3.15.0"."""
    return f"{component.title} {component.release}"


def expected(component: Component) -> float:
    """Seconds that a cold build of the component takes on this machine, scaled by its cores."""
    return component.seconds * REFERENCE_CORES / (os.cpu_count() or REFERENCE_CORES)


def duration(seconds: float) -> str:
    """A duration in words, rounded as an estimate should be."""
    return f"{max(seconds, 1):.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


@contextmanager
def progress(queue: Sequence[Component]) -> Iterator[Progress]:
    """A progress report for building `queue`, fit for where standard output goes."""
    console = Console()
    if not console.is_terminal:
        yield Progress(queue, console)
        return
    bar = Bar(queue, console)
    with bar.bars:
        yield bar
