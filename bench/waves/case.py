"""What happens to a stack in each case, what a run keeps of the incidents page, and what is right on it."""

from bench.incidents.client_samples import Rate
from bench.live_cases import Kept, LiveRun

NO_CAUSE = ("none", "unknown")


class Trouble(Kept):
    """A fault, or a false alert where `fault` is empty, so many seconds after the case began."""

    fault: str
    severity: str = "high"
    after: float = 0.0

    @property
    def cause(self) -> str:
        """The right answer."""
        return self.fault or "none"


class Kind(Kept):
    """Troubles, each until the end; a stack has a steady time before them, or has just been started.

    `lasts` are the seconds from the last of them to the mending, None where that is an option.
    """

    tells: str
    troubles: tuple[Trouble, ...]
    steady: bool = True
    lasts: float | None = 300.0


KINDS = {
    "second-trouble": Kind(
        tells="storage fails a little, two minutes later a bad model comes",
        troubles=(
            Trouble(fault="storage-errors", severity="medium"),
            Trouble(fault="bad-model", after=120),
        ),
    ),
    "false-alert-first": Kind(
        tells="a false alert of a minute, a minute later slow storage",
        troubles=(Trouble(fault=""), Trouble(fault="storage-latency", after=120)),
    ),
    "start-up": Kind(
        tells="slow storage as soon as the stack is up",
        troubles=(Trouble(fault="storage-latency"),),
        steady=False,
    ),
    "long": Kind(
        tells="slow storage for hours",
        troubles=(Trouble(fault="storage-latency"),),
        lasts=None,
    ),
}


class Begun(Kept):
    """When a trouble began (Unix seconds), and how users fared until the next one began or all was mended."""

    at: float
    users: Rate


class Wave(Kept):
    """A wave of alerts as the page showed it at the end, and what its incident said.

    `began` is in Unix seconds; a cause is None where there was no verdict.
    """

    incident: int
    headline: str | None
    began: float
    alerts: tuple[str, ...]
    cause: str | None
    confidence: float = 0.0
    impact: float = 0.0


class WavesRun(LiveRun):
    """A case that was run. `before` is how users fared in the steady time, None without one.

    The page was looked at `looks` times, of which `cleared` said `none` while an alert on user impact fired.
    `waves` are those of all incidents, oldest first, some time after everything was `mended` (Unix seconds).
    """

    before: Rate | None = None
    troubles: tuple[Begun, ...]
    mended: float
    looks: int
    cleared: int = 0
    waves: tuple[Wave, ...] = ()

    @property
    def kind(self) -> Kind:
        return KINDS[self.case.name]

    @property
    def headline_right(self) -> bool:
        """Whether the incident of the trouble that hurt users most is named after it."""
        worst = min(range(len(self.troubles)), key=lambda n: self.troubles[n].users.value)
        cause = self.kind.troubles[worst].cause
        return any(wave.headline == cause for wave in self._select(worst))

    @property
    def waves_right(self) -> bool:
        """Whether each trouble has a wave that names it, and no wave names what was not there."""
        numbers = range(len(self.troubles))
        named = (any(wave.cause == self.kind.troubles[n].cause for wave in self._select(n)) for n in numbers)
        return all(named) and not any(self._misleads(wave) for wave in self.waves)

    @property
    def right(self) -> bool:
        """Whether the page was as it should be, all the time."""
        return self.headline_right and self.waves_right and not self.cleared

    def _select(self, number: int) -> list[Wave]:
        """The waves that began in the time of a trouble."""
        since, *later = (begun.at for begun in self.troubles[number:])
        return [wave for wave in self.waves if since <= wave.began < min(later, default=self.mended)]

    def _misleads(self, wave: Wave) -> bool:
        there = {
            trouble.cause
            for trouble, begun in zip(self.kind.troubles, self.troubles, strict=True)
            if begun.at <= wave.began
        }
        return wave.cause is not None and wave.cause not in there.union(NO_CAUSE)
