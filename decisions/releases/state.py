"""Where a release is: all that a controller has to know to take it up."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Phase(StrEnum):
    """What a release does now; it is over when it is live or rolled back."""

    LOADING = "loading"
    WATCHING = "watching"
    PAUSED = "paused"
    HELD = "held"
    LIVE = "live"
    ROLLED_BACK = "rolled back"


PLANNED = 0.8
"""Of the level of a release, for one window of each step."""

OVER = frozenset({Phase.LIVE, Phase.ROLLED_BACK})


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Step(_Kept):
    """A share (0–1) of the users for at least so many seconds; `rules_out` is a share of what is lost.

    With `shadow` no user has the version: it answers that share of the requests, too, unseen.
    """

    share: float
    seconds: float
    rules_out: float | None = None
    shadow: float = 0.0


class Limits(_Kept):
    """What a release is held to, as it was declared when it began; see `config.releases.Release`."""

    confidence: float
    undecided: float
    answer_within: float
    longest: float


class State(_Kept):
    """A release; times are Unix seconds.

    `window` is since when the versions are compared, the `windows`-th time. `served` are the seconds of the
    step that count; `known` the incidents that do not count against the version: from before it, or excused
    by a person; `asked` those that a person is asked about; `waived`: a person lets the step pass as it is;
    `published`: it may be named as the live version already.
    """

    version: str
    former: str
    salt: str
    steps: tuple[Step, ...]
    limits: Limits
    begun: float
    phase: Phase = Phase.LOADING
    place: int = 0
    since: float
    """When the phase began."""
    looked: float
    window: float
    windows: int = 1
    served: float = 0.0
    known: frozenset[int] = frozenset()
    asked: frozenset[int] = frozenset()
    waived: bool = False
    published: bool = False
    reason: str = ""
    """Of the last decision, as a sentence."""

    @property
    def over(self) -> bool:
        """Whether nothing more is decided."""
        return self.phase in OVER

    @property
    def step(self) -> Step:
        """The present one."""
        return self.steps[self.place]

    @property
    def share(self) -> float:
        """Of the users (0–1) who are to have the version by the flag."""
        return 0.0 if self.over else self.step.share

    @property
    def level(self) -> float:
        """With which probability a version that is as good is called worse in this window.

        Most of what the confidence leaves is for as many windows as there are steps, the rest for all further
        ones together, however many there will be.
        """
        planned = sum(not step.shadow for step in self.steps)
        further = self.windows - planned
        if further > 0:
            part = (1 - PLANNED) / (further * (further + 1))
        else:
            part = PLANNED / planned
        return (1 - self.limits.confidence) * part


def begin(
    version: str,
    former: str,
    steps: tuple[Step, ...],
    limits: Limits,
    known: frozenset[int],
    now: float,
) -> State:
    """A release that nobody has seen yet. Its users are hashed by its own salt: others than in the last."""
    return State(
        version=version,
        former=former,
        salt=f"release:{version}:{now:.0f}",
        steps=steps,
        limits=limits,
        begun=now,
        since=now,
        looked=now,
        window=now,
        windows=0 if steps[0].shadow else 1,
        known=known,
    )
