"""What is released on live stacks, and what a run keeps: decisions, and counts of both versions by minute."""

from bench.live_cases import Kept, LiveRun
from decisions.audit import Action
from decisions.releases.state import Phase


class Kind(Kept):
    """A version to be released, and the share (0–1) of users at which a fault begins, if one does."""

    version: str
    ends: Phase
    fault: str = ""
    at_share: float = 0.0


KINDS = {
    "better": Kind(version="better", ends=Phase.LIVE),
    "worse": Kind(version="worse", ends=Phase.ROLLED_BACK),
    "better-storage-latency": Kind(version="better", ends=Phase.LIVE, fault="storage-latency", at_share=0.05),
    "worse-storage-latency": Kind(
        version="worse", ends=Phase.ROLLED_BACK, fault="storage-latency", at_share=0.01
    ),
}
"""A worse version is rolled back at 5% as a rule: storage gets slow before that."""

IN_TIME, FEW = 180.0, 0.05
"""Seconds until a worse version has to be rolled back; share of the users who may ever have seen it."""


class Counted(Kept):
    """Of a version, within a minute: users whom a flag gave it. `p99` are seconds, None without answers."""

    requests: int
    """Answered ones; those that failed are not among them."""
    failed: int
    labelled: int
    hits: int
    p99: float | None = None


class Minute(Kept):
    """What both versions did in the minute before `at`."""

    at: int
    live: Counted
    candidate: Counted


class Decided(Kept):
    """A decision of the controller, and the share (0–1) of the users who have the version after it."""

    at: float
    what: Action
    share: float
    why: str


class ReleaseRun(LiveRun):
    """A release that was run; `reach` is the share (0–1) of the users who ever saw the version."""

    version: str
    live: str
    phase: Phase
    begun: int
    seconds: float
    reach: float
    injected_at: float | None = None
    mended_at: float | None = None
    decisions: tuple[Decided, ...]
    minutes: tuple[Minute, ...]

    @property
    def kind(self) -> Kind:
        return KINDS[self.case.name]

    @property
    def paused(self) -> bool:
        """Whether it paused after the fault began and went on after it was mended."""
        began = [each.at for each in self.decisions if each.what == "release.paused"]
        ended = [each.at for each in self.decisions if each.what == "release.resumed"]
        if self.injected_at is None or self.mended_at is None:
            return False
        return any(at > self.injected_at for at in began) and any(at > self.mended_at for at in ended)

    @property
    def right(self) -> bool:
        """Whether it ended as it should: a worse version in time and seen by few, a good one that storage
        disturbs after a pause."""
        if self.phase is not self.kind.ends:
            return False
        if self.kind.fault:
            return self.phase is Phase.ROLLED_BACK or self.paused
        return self.phase is Phase.LIVE or (self.seconds <= IN_TIME and self.reach <= FEW)
