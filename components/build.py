"""Builds what is missing, two at a time where the machine allows, and says where the binaries are."""

import os
import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path

from rich.console import Console

from components import cache, compiler, memory, toolchain
from components.pins import COMPONENTS, Component, select
from components.progress import Progress, progress

AT_ONCE = 2
MEMORY_OF_ONE = 2e9
"""Bytes that one component's compilation takes at its worst."""
TICK_SECONDS = 0.2


class ComponentMissing(RuntimeError):
    """A binary was asked for that has not been built."""


class Stopped(Exception):
    """A compilation ends because another failed or somebody interrupted."""


def ensure(names: Sequence[str] | None = None, console: Console | None = None) -> dict[str, Path]:
    """Build the components of these names (of components or binaries; None: all) that the cache lacks.

    Progress goes to `console`, else to standard output. Returns the absolute path of every binary of theirs
    by its name. Raises UnknownComponent, ToolchainMissing or BuildFailed, each with a message that can be
    shown as it is.
    """
    components = COMPONENTS if names is None else select(names)
    missing = _missing(components)
    if missing:
        with progress(console or Console()) as report, cache.exclusive(on_wait=report.wait):
            _build(_missing(missing), report)
    return {binary: _path(component, binary) for component in components for binary, _ in component.binaries}


def binary(name: str) -> Path:
    """The absolute path of a built binary. Raises UnknownComponent, or ComponentMissing when not built."""
    (component,) = select([name])
    path = _path(component, component.binaries[0][0] if name == component.name else name)
    if not path.is_file():
        raise ComponentMissing(f"{name} is not built: run `python -m components build {component.name}`")
    return path


def count_at_once() -> int:
    """How many components to compile at the same time: one on a single core or with little memory."""
    fitting = int(memory.read_available() / MEMORY_OF_ONE)
    return max(1, min(AT_ONCE, os.cpu_count() or 1, fitting))


def _missing(components: Sequence[Component]) -> list[Component]:
    return [component for component in components if not cache.is_built(component)]


def _path(component: Component, binary: str) -> Path:
    return cache.home(component) / binary


def _build(components: Sequence[Component], report: Progress) -> None:
    """Compile the components; the first failure or an interruption stops all that run and begins no other."""
    if not components:
        return
    locks = {each.toolchain: each.go for each in components}
    go = {lock: toolchain.find(report.say, minimum, lock) for lock, minimum in locks.items()}
    at_once, stop = count_at_once(), threading.Event()
    report.start(components, at_once)
    with ThreadPoolExecutor(max_workers=at_once) as pool:
        try:
            queue = _longest_then_shortest_first(components)
            _await(
                [pool.submit(_build_one, each, go[each.toolchain], report, stop) for each in queue], report
            )
        finally:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)


def _longest_then_shortest_first(components: Sequence[Component]) -> list[Component]:
    """While the modules of the longest are downloaded, small ones keep the cores busy."""
    *shorter, longest = sorted(components, key=lambda component: component.seconds)
    return [longest, *shorter]


def _await(builds: Sequence[Future[None]], report: Progress) -> None:
    """Keep the report moving until all builds are done; raise the first failure at once."""
    pending = set(builds)
    while pending:
        done, pending = wait(pending, TICK_SECONDS, FIRST_EXCEPTION)
        for build in done:
            build.result()
        report.tick()


def _build_one(component: Component, go: Path, report: Progress, stop: threading.Event) -> None:
    def check() -> None:
        if stop.is_set():
            raise Stopped

    check()
    report.begin(component)
    with cache.workspace() as work:
        binaries = compiler.compile(component, go, work, tick=check)
        cache.publish(binaries, cache.home(component))
    cache.prune(cache.home(component))
    report.end(component)
