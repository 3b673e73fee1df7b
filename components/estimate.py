"""What compiling will take on this machine: time and disk, scaled from what was measured."""

import os
from collections.abc import Sequence

from components.pins import Component

REFERENCE_CORES = 2
DISK_PER_SECOND = 0.0112
"""GB that a second of compiling, as the table has it, leaves in Go's own caches, measured."""
LEAST_DISK = 0.5


def seconds(component: Component) -> float:
    """Seconds that a cold build of the component alone takes on this machine, scaled by its cores."""
    return component.seconds * REFERENCE_CORES / (os.cpu_count() or REFERENCE_CORES)


def disk(components: Sequence[Component]) -> float:
    """GB that compiling these components adds to Go's caches, at the most."""
    return max(sum(component.seconds for component in components) * DISK_PER_SECOND, LEAST_DISK)


def in_words(seconds: float) -> str:
    """A duration in words, rounded as an estimate should be."""
    return f"{max(seconds, 1):.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
