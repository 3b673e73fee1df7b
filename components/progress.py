"""Tells who waits what is compiled, why, and for how long: a bar on a terminal, else plain lines."""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich import progress as bars
from rich.console import Console

from components import estimate
from components.pins import Component

NEVER_OVER = 0.95
"""The share of a component's expected time after which it is shown as standing still, not as finished."""


class Progress:
    """Progress over components that are compiled at the same time, as lines when one begins or ends."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.lock = threading.RLock()
        self.done: dict[Component, float] = {}
        """Seconds of the expected ones that are behind each component, running or not."""
        self.running: dict[Component, float] = {}
        """When each running component began, on the monotonic clock."""
        self.ticked = time.monotonic()

    def say(self, text: str) -> None:
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def wait(self) -> None:
        """Another process builds in the same cache."""
        self.say("another build is under way in this cache: waiting for it to finish")

    def start(self, components: Sequence[Component], at_once: int) -> None:
        """Say before anything is compiled what it will take."""
        self.done = dict.fromkeys(components, 0.0)
        self.say(announcement(components, at_once))

    def begin(self, component: Component) -> None:
        """The compilation of a component starts, maybe beside others."""
        with self.lock:
            self.tick()
            beside = f" beside {' and '.join(map(named, self.running))}" if self.running else ""
            self.running[component] = time.monotonic()
            left = estimate.in_words(self.remaining)
            self.say(f"{named(component)}: compiling{beside}, about {left} left in all")

    def tick(self) -> None:
        """Time has passed: the running components share it."""
        with self.lock:
            now = time.monotonic()
            share = (now - self.ticked) / max(len(self.running), 1)
            self.ticked = now
            for component in self.running:
                limit = estimate.seconds(component) * NEVER_OVER
                self.done[component] = min(self.done[component] + share, limit)

    def end(self, component: Component) -> None:
        """The compilation of a component is complete."""
        with self.lock:
            self.tick()
            took = time.monotonic() - self.running.pop(component)
            self.done[component] = estimate.seconds(component)
            self.say(f"{named(component)}: compiled in {took:.0f} s")

    @property
    def total(self) -> float:
        """The seconds that all components are expected to take, from the first to the last."""
        return sum(map(estimate.seconds, self.done))

    @property
    def remaining(self) -> float:
        """The seconds that are expected to be left."""
        return self.total - sum(self.done.values())


class Bar(Progress):
    """The same with a bar that moves by expected durations."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        columns = (bars.SpinnerColumn(), bars.BarColumn(), bars.TextColumn("{task.description}"))
        self.bars = bars.Progress(*columns, bars.TimeElapsedColumn(), console=console, transient=True)
        self.task = self.bars.add_task("", total=None)

    def tick(self) -> None:
        with self.lock:
            super().tick()
            if self.running:
                left = estimate.in_words(self.remaining)
                titles = " and ".join(component.title for component in self.running)
                self.bars.update(
                    self.task,
                    total=self.total,
                    completed=self.total - self.remaining,
                    description=f"compiling {titles}, about {left} left",
                )


def announcement(components: Sequence[Component], at_once: int) -> str:
    """What is about to be compiled and why, and the time and disk it takes on this machine."""
    several = f"{len(components)} programs" if len(components) > 1 else named(components[0])
    pace = f" ({at_once} at a time)" if min(at_once, len(components)) > 1 else ""
    time_needed = estimate.in_words(sum(map(estimate.seconds, components)))
    cores = os.cpu_count() or 1
    machine = "one core" if cores == 1 else f"{cores} cores"
    size = f"{estimate.disk(components):.1f} GB in Go's caches"
    return (
        f"compiling {several}{pace} from pinned source, as nothing is downloaded prebuilt: "
        f"about {time_needed} on {machine} and up to {size}, this once; later starts take seconds"
    )


def named(component: Component) -> str:
    """A component as people know it, such as "Prometheus 3.15.0"."""
    return f"{component.title} {component.release}"


@contextmanager
def progress(console: Console) -> Iterator[Progress]:
    """A progress report on a console, fit for where that goes."""
    if not console.is_terminal:
        yield Progress(console)
        return
    bar = Bar(console)
    with bar.bars:
        yield bar
