"""R22: the loop around the state machine, killed at each point and taken up again."""

import os
from collections.abc import Callable
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from decisions.audit import Action, Change, Trail
from decisions.experiments.judgement import Interval
from decisions.releases.comparison import QUALITY, Compared
from decisions.releases.controller import Controller, tell
from decisions.releases.files import Files
from decisions.releases.observation import Answer, Observation, Weight
from decisions.releases.state import Phase, State
from decisions.releases.state_file import StateFile, Unreadable
from tests.unit.decisions.releases.cases import (
    BEGUN,
    LIVE,
    NEW,
    begun,
    guard,
    seen,
    shadowed,
    trouble,
    watching,
)


class Killed(BaseException):
    """As a signal that cannot be caught."""


class FakeWorld:
    """Answers as a stack does; `killed_at` counts down what it is asked to do."""

    def __init__(self, killed_at: int = -1) -> None:
        self.now = BEGUN
        self.flag: tuple[float, float] | None = None
        self.shadow = False
        self.live = LIVE
        self.acts = 0
        self.killed_at = killed_at
        self.recorded: list[Action] = []
        self.compared = (guard(),)
        self.troubles: tuple[Any, ...] = ()
        self.answer: Answer | None = None
        self.storage_away = False
        self.named = LIVE
        self.unread = False
        """Whether the recommender cannot read which version is live."""
        self.follows_after = 0.0
        """Seconds after which it reads it."""
        self.named_at = BEGUN

    @property
    def served(self) -> float:
        """The share of the users who get the version now."""
        if self.live == NEW:
            return 1.0
        return self.flag[0] if self.flag and self.now < self.flag[1] else 0.0

    def look(self, state: State, now: float) -> Observation:
        self._act()
        if not self.unread and now >= self.named_at + self.follows_after:
            self.live = self.named
        loaded = self.shadow if state.step.shadow else self.served > 0
        there = self.shadow if state.step.shadow else self.flag
        return seen(
            live=self.live,
            loaded=loaded,
            flag="ours" if there else "absent",
            compared=self.compared if self.served else (),
            troubles=self.troubles,
            answer=self.answer,
        )

    def give(self, state: State, until: float) -> None:
        self._act()
        if state.step.shadow:
            self.shadow = True
            return
        self.flag = (state.share, until)
        self._act()
        self.shadow = False

    def take_back(self, state: State) -> None:
        self._act()
        self.flag = None
        self.shadow = False

    def publish(self, version: str) -> str:
        self._act()
        if self.storage_away:
            return "storage is away"
        if version != self.named:
            self.named, self.named_at = version, self.now
        return ""

    def forget_answer(self) -> None:
        self.answer = None

    def record(self, what: Action, before: State, after: State, evidence: Any) -> None:
        self._act()
        self.recorded.append(what)

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return False

    def _act(self) -> None:
        self.acts += 1
        if self.acts == self.killed_at:
            raise Killed


def run(world: FakeWorld, file: StateFile, wait: Callable[[float], bool] | None = None) -> State:
    state = file.read()
    assert state is not None
    controller = Controller(world, file, 120.0, lambda *_: None, lambda: world.now)
    return controller.run(state, wait or world.wait)


@pytest.fixture
def file(tmp_path: Path) -> StateFile:
    file = StateFile(tmp_path / "decisions" / "release.json")
    file.write(begun())
    return file


GOOD = ["release.advanced"] * 3 + ["release.live"]


def test_r22_a_good_version_becomes_live_and_the_flag_is_cleared(file: StateFile) -> None:
    world = FakeWorld()
    assert run(world, file).phase is Phase.LIVE
    assert (world.live, world.flag, world.recorded) == (NEW, None, GOOD)


def test_users_keep_the_version_until_the_recommender_gives_it_to_all(file: StateFile) -> None:
    world, served = FakeWorld(), [0.0]
    world.follows_after = 30.0

    def wait(seconds: float) -> bool:
        served.append(world.served)
        return world.wait(seconds)

    assert run(world, file, wait).phase is Phase.LIVE
    assert served == sorted(served)
    assert world.named_at + 30 <= world.now <= world.named_at + 40


def test_r22_a_worse_version_loses_its_users_at_once(file: StateFile) -> None:
    world = FakeWorld()
    world.compared = (guard(-0.7),)
    assert run(world, file).phase is Phase.ROLLED_BACK
    assert (world.live, world.served, world.recorded) == (LIVE, 0.0, ["release.rolled_back"])


def test_r22_rolling_back_needs_no_storage_and_no_disk(
    file: StateFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = FakeWorld()
    world.storage_away = True
    run(world, file, lambda _: True)
    world.compared = (guard(-0.7),)

    def fail(*_: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(StateFile, "write", fail)
    with pytest.raises(OSError, match="no space"):
        run(world, file)
    assert world.flag is None


def test_storage_that_is_away_delays_the_last_step_only(file: StateFile) -> None:
    world = FakeWorld()
    world.storage_away = True
    looks = iter(range(100))
    state = run(world, file, lambda seconds: world.wait(seconds) or next(looks) == 99)
    assert (state.phase, world.served) == (Phase.WATCHING, 0.5)
    assert "storage is away" in state.reason
    world.storage_away = False
    assert run(world, file).phase is Phase.LIVE


@pytest.mark.parametrize("first", [begun(), shadowed()], ids=["users", "shadow"])
@pytest.mark.parametrize("compared", [guard(), guard(-0.7)], ids=["good", "worse"])
def test_r22_a_controller_that_is_killed_anywhere_is_taken_up_and_ends_the_same(
    file: StateFile, compared: Any, first: State
) -> None:
    """Killed at its first act, then at its second, …, until it gets through; it looks every 20 s."""

    def wait(seconds: float) -> bool:
        return world.wait(4 * seconds)

    killed = 0
    while True:
        killed += 1
        file.write(first)
        world = FakeWorld(killed)
        world.compared = (compared,)
        try:
            run(world, file, wait)
            break
        except Killed:
            pass
        kept = file.read()
        assert kept is not None and (world.live == NEW or world.served <= kept.share)
        world.now += 400
        assert world.live == NEW or world.served == 0, "nobody watches, so nobody has it"
        ended = run(world, file, wait)
        assert ended.phase is (Phase.ROLLED_BACK if compared.worse else Phase.LIVE)
        assert world.flag is None and not world.shadow
    assert killed > (5 if compared.worse else 40)


def test_r22_a_killed_controller_takes_up_the_step_where_it_was(file: StateFile) -> None:
    file.write(watching(2, served=20.0))
    world = FakeWorld()
    world.now = BEGUN + 605
    world.flag = (0.25, world.now + 60)
    state = run(world, file, lambda _: True)
    assert (state.place, state.served, state.windows) == (2, 25.0, 3)
    world.now += 1_000
    assert world.served == 0
    state = run(world, file, lambda _: True)
    assert (state.place, state.served, state.windows, world.served) == (2, 25.0, 4, 0.25)


def test_an_interrupt_leaves_share_and_state(file: StateFile) -> None:
    world = FakeWorld()
    state = run(world, file, lambda _: True)
    assert not state.over and world.served == 0.01
    assert file.read() == state
    world.now += 121
    assert world.served == 0


def test_the_lease_is_renewed_while_it_pauses(file: StateFile) -> None:
    world = FakeWorld()
    world.troubles = (trouble(Weight.PAUSES),)
    looks = iter(range(100))
    state = run(world, file, lambda seconds: world.wait(seconds) or next(looks) == 99)
    assert (state.phase, world.served, world.recorded) == (Phase.PAUSED, 0.01, ["release.paused"])
    world.troubles = ()
    assert run(world, file).phase is Phase.LIVE


def test_r22_what_was_named_live_and_is_rolled_back_after_all_is_no_longer_named(file: StateFile) -> None:
    """Killed right after live.json was written, and worse before the recommender has read it."""
    file.write(watching(3, served=100.0))
    world = FakeWorld(4)
    world.now, world.flag, world.unread = BEGUN + 605, (0.5, BEGUN + 700), True
    with pytest.raises(Killed):
        run(world, file)
    kept = file.read()
    assert kept is not None and kept.published
    world.compared = (guard(-0.7),)
    assert run(world, file).phase is Phase.ROLLED_BACK
    assert (world.named, world.live) == (LIVE, LIVE) and world.served == 0


def test_what_a_look_saw_can_be_recorded_where_little_is_known(tmp_path: Path) -> None:
    unknown = Compared(QUALITY, 0.6, nan, 0, Interval(nan, -inf, inf))
    early = Compared("answered", 1.0, 1.0, 3, Interval(0.0, -inf, inf), error=0.4)
    evidence = tell(seen(compared=(unknown, early)))
    change = Change(who="release", what="release.advanced", subject=NEW, why="it", evidence=evidence)
    kept: Any = Trail(tmp_path / "audit.jsonl").append(change).evidence
    assert kept["compared"][QUALITY]["candidate"] is None
    assert kept["compared"]["answered"] == {
        "live": 1.0,
        "candidate": 1.0,
        "change": [0.0, None, None],
        "requests": 3,
    }


def test_a_person_is_heard_once(tmp_path: Path) -> None:
    files = Files(tmp_path)
    state = watching(phase=Phase.HELD)
    assert files.read_answer(state) is None
    files.write_answer(state, "continue", "Ada")
    assert files.read_answer(state) == Answer("continue", "Ada")
    assert files.read_answer(begun(salt="another release")) is None
    files.forget_answer()
    assert files.read_answer(state) is None


def test_a_person_who_answers_while_the_state_is_written_spoils_neither(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, state = Files(tmp_path), watching(phase=Phase.HELD)
    monkeypatch.setattr(os, "fsync", lambda _: files.write_answer(state, "roll back", "Ada"))
    files.state.write(state)
    assert files.state.read() == state
    assert files.read_answer(state) == Answer("roll back", "Ada")


def test_r22_one_process_at_a_time_is_at_work(tmp_path: Path) -> None:
    with Files(tmp_path).hold() as first, Files(tmp_path).hold() as second:
        assert first and not second
    with Files(tmp_path).hold() as third:
        assert third


def test_a_state_that_is_none_is_told(file: StateFile) -> None:
    file.path.write_text('{"version": 3}')
    with pytest.raises(Unreadable, match=r"release\.json is not the state of a release: move it away"):
        file.read()
