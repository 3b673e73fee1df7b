"""Builds what is missing, and says where the binaries are."""

from collections.abc import Sequence
from pathlib import Path

from components import cache, compiler, toolchain
from components.pins import COMPONENTS, Component, select
from components.progress import Progress, progress


class ComponentMissing(RuntimeError):
    """A binary was asked for that has not been built."""


def ensure(names: Sequence[str] = ()) -> dict[str, Path]:
    """Build the components of these names (of components or binaries; none: all) that the cache lacks.

    Returns the absolute path of every binary of theirs by its name. Raises UnknownComponent, ToolchainMissing
    or BuildFailed, each with a message that can be shown as it is.
    """
    components = select(names) if names else COMPONENTS
    missing = _missing(components)
    if missing:
        with progress(missing) as report, cache.exclusive(on_wait=report.wait):
            _build(_missing(missing), report)
    return {binary: _path(component, binary) for component in components for binary, _ in component.binaries}


def binary(name: str) -> Path:
    """The absolute path of a built binary. Raises UnknownComponent, or ComponentMissing when not built."""
    (component,) = select([name])
    path = _path(component, component.binaries[0][0] if name == component.name else name)
    if not path.is_file():
        raise ComponentMissing(f"{name} is not built: run `python -m components build {component.name}`")
    return path


def _missing(components: Sequence[Component]) -> list[Component]:
    return [component for component in components if not cache.is_built(component)]


def _path(component: Component, binary: str) -> Path:
    return cache.home(component) / binary


def _build(components: Sequence[Component], report: Progress) -> None:
    if not components:
        return
    go = toolchain.find(on_install=report.say)
    for component in components:
        report.begin(component)
        with cache.workspace() as work:
            binaries = compiler.compile(component, go, work, tick=report.tick)
            cache.publish(binaries, cache.home(component))
        cache.prune(cache.home(component))
        report.end()
