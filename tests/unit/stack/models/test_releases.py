"""`make release`, with a recommender, an inbox and counters that say what the test wants, and no waiting."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from config import Config
from decisions.audit import Change, Trail
from decisions.releases.files import Files
from decisions.releases.observation import Trouble, Weight
from decisions.releases.reading import Evidence
from decisions.releases.state import State
from prometheus.client import SourceAway
from services.demo.features.bucket import BucketError
from services.demo.flags import read_rollout, read_shadow, write_rollout, write_shadow
from services.demo.storage.artefacts import LIVE_KEY, LivePointer
from stack import StackError, settings
from stack.models import records, release_world, releases, rollouts
from stack.models.releases import answer, end_abandoned, find_obstacle, release, require_no_release
from stack.settings import Settings
from tests.unit.decisions.releases.cases import LIVE, NEW, guard, trouble

AUTHOR = rollouts.Author("ada", "a smaller model is faster")


class FakeStack:
    """Follows the flag file and live.json; a wait takes no time, and `at` says what happens at a wait."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "flags" / "flags.json"
        self.shadow = self.file.with_name("shadow.json")
        self.audit = folder / "decisions" / "audit.jsonl"
        self.now = time.time()
        self.live = LIVE
        self.broken = False
        self.effect = 0.0
        self.troubles: tuple[Trouble, ...] = ()
        self.inbox_away = False
        self.waits = 0
        self.stop_at = -1
        self.at: dict[int, Any] = {}
        self.shares: list[float] = []

    def get(self, url: str, **_: Any) -> httpx.Response:
        flag = read_rollout(self.file)
        versions = {self.live, *(flag if not self.broken else ())}
        degraded = f"models/{NEW}/card.json is not in bucket whence" if self.broken and flag else None
        shadow = read_shadow(self.shadow)
        body = {
            "model_version": self.live,
            "versions": sorted(versions),
            "degraded": degraded,
            "shadow": shadow.version if shadow else None,
        }
        return httpx.Response(200, json=body, request=httpx.Request("GET", url))

    def read_troubles(self, _: Any) -> tuple[Trouble, ...]:
        if self.inbox_away:
            raise SourceAway("The inbox cannot be reached at http://127.0.0.1:8010.")
        return self.troubles

    def read_known(self, _: Any) -> frozenset[int]:
        return frozenset(each.incident for each in self.read_troubles(_))

    def read_evidence(self, _: Any, state: State, *__: Any) -> Evidence:
        if state.step.shadow:
            return Evidence(labels=30.0)
        return Evidence((guard(self.effect),), labels=100.0)

    def write(self, key: str, content: bytes) -> None:
        assert key == LIVE_KEY
        self.live = LivePointer.model_validate_json(content).version

    @contextmanager
    def hold_interrupts(self) -> Iterator["FakeStack"]:
        yield self

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        self.waits += 1
        assert self.waits < 2_000, "it does not end"
        self.shares.append(read_rollout(self.file).get(NEW, 0.0))
        self.at.get(self.waits, lambda: None)()
        return self.waits == self.stop_at

    def close(self) -> None:
        """As a bucket is closed."""

    @property
    def told(self) -> list[str]:
        return [entry.what for entry in reversed(Trail(self.audit).latest(100))]


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeStack:
    fake = FakeStack(tmp_path)
    for module in (rollouts, releases, release_world):
        monkeypatch.setattr(module, "FLAGS_FILE", fake.file)
    for module in (releases, release_world):
        monkeypatch.setattr(module, "SHADOW_FILE", fake.shadow)
    monkeypatch.setattr(releases, "FOLDER", tmp_path / "decisions")
    for module in (records, releases):
        monkeypatch.setattr(module, "AUDIT_FILE", fake.audit)
    monkeypatch.setattr(settings, "LINEAGE_FILE", tmp_path / "lineage.jsonl")
    monkeypatch.setattr(httpx, "get", fake.get)
    for name in ("read_troubles", "read_known", "read_evidence"):
        monkeypatch.setattr(release_world, name, getattr(fake, name))
    monkeypatch.setattr(releases, "hold_interrupts", fake.hold_interrupts)
    monkeypatch.setattr(release_world, "find_storage", lambda: None)
    monkeypatch.setattr(release_world, "Bucket", lambda _: fake)
    monkeypatch.setattr(time, "time", lambda: fake.now)
    return fake


def admit(version: str) -> None:
    """A gate that lets everything through."""


def run(version: str = "", capture: Console | None = None, config: Config | None = None) -> int:
    console = capture or Console(quiet=True)
    return release(Settings(), config or Config(), console, version, AUTHOR, admit)


def test_r22_a_good_version_becomes_live_and_every_decision_is_in_the_audit_trail(
    stack: FakeStack, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(NEW, Console(width=200)) == 0
    assert stack.live == NEW and not stack.file.exists()
    assert [share for share in dict.fromkeys(stack.shares) if share] == [1.0, 5.0, 25.0, 50.0]
    assert stack.told == ["release.begun", *["release.advanced"] * 4, "release.live"]
    last, *_ = Trail(stack.audit).latest(1)
    assert (last.who, last.subject, last.after) == ("release controller", NEW, {NEW: 100.0})
    assert last.evidence["compared"]["hit rate"]["requests"] == 500  # type: ignore[index, call-overload]
    said = capsys.readouterr().out
    assert "advances at 5%" in said and "LIVE: It is the live version now." in said


def test_r22_a_worse_version_is_rolled_back_within_two_looks(stack: FakeStack) -> None:
    stack.effect = -0.7
    assert run(NEW) == 1
    assert stack.live == LIVE and not stack.file.exists()
    assert stack.told == ["release.begun", "release.advanced", "release.rolled_back"]
    assert stack.shares.count(1.0) <= 2


def test_r22_a_version_that_cannot_load_is_rolled_back_and_said(
    stack: FakeStack, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.broken = True
    assert run(NEW, Console(width=200)) == 1
    assert not stack.file.exists()
    assert f"cannot load it: models/{NEW}/card.json is not in bucket" in capsys.readouterr().out


def test_r22_a_release_that_is_interrupted_goes_on_where_it_was(stack: FakeStack) -> None:
    stack.stop_at = 12
    assert run(NEW) == 130
    assert read_rollout(stack.file) == {LIVE: 95.0, NEW: 5.0}
    stack.now += 121
    assert read_rollout(stack.file) == {}, "nobody renews the flag"
    stack.stop_at = -1
    assert run() == 0
    assert stack.live == NEW and stack.told.count("release.begun") == 1


def test_r22_two_releases_at_once_are_refused_with_one_line(stack: FakeStack) -> None:
    stack.stop_at = 5
    run(NEW)
    with pytest.raises(StackError, match=f"^{NEW} is being released: `make release` goes on with it"):
        run("als64-cccccc")
    with pytest.raises(StackError, match="a version is being released"):
        require_no_release()
    with Files(releases.FOLDER).hold():
        assert run() == 0, "another process is at work: it is shown only"


def test_r22_rollback_ends_a_release_that_nobody_is_at_work_on(stack: FakeStack) -> None:
    stack.stop_at = 12
    run(NEW)
    assert "is rolled back" in answer("roll back", AUTHOR)
    assert not stack.file.exists()
    assert Trail(stack.audit).latest(1)[0].who == "ada"
    require_no_release()
    with pytest.raises(StackError, match="nothing is being released"):
        answer("roll back", AUTHOR)
    assert run() == 0, "how it ended is shown"


def test_a_release_whose_controller_was_stopped_ends_by_who_began_it_and_nobody_else(
    stack: FakeStack,
) -> None:
    assert end_abandoned("ada") == ""
    stack.stop_at = 12
    run(NEW)
    with Files(releases.FOLDER).hold():
        assert end_abandoned("ada") == "", "somebody is at work on it"
    assert end_abandoned("retraining") == "" and stack.file.exists()
    assert end_abandoned("ada") == f"{NEW} is rolled back: whoever released it was stopped."
    assert not stack.file.exists() and stack.told[-1] == "release.rolled_back"
    require_no_release()
    assert end_abandoned("ada") == ""


def test_who_began_a_release_is_known_after_hours_of_pauses(stack: FakeStack) -> None:
    stack.stop_at = 12
    run(NEW)
    for what in ("release.paused", "release.resumed") * 60:
        Trail(stack.audit).append(Change(who="release controller", what=what, subject=NEW))
    assert "is rolled back" in end_abandoned("ada")


def test_what_keeps_a_release_from_beginning_is_known_before(stack: FakeStack) -> None:
    assert find_obstacle(Config()) == ""
    write_shadow(stack.shadow, "als64-cccccc", 0.1)
    assert "answers in the shadow already" in find_obstacle(Config())
    assert find_obstacle(Config.model_validate({"release": {"shadow": "off"}})) == ""
    write_rollout(stack.file, {LIVE: 70, NEW: 30})
    assert "the flag file splits the users already" in find_obstacle(Config())
    stack.file.unlink()
    stack.shadow.unlink()
    stack.stop_at = 12
    run(NEW)
    assert find_obstacle(Config()).startswith(f"{NEW} is being released")


def test_a_version_that_its_controller_named_live_last_is_taken_back_too(
    stack: FakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(key: str, content: bytes) -> None:
        write(key, content)
        raise KeyboardInterrupt

    def refuse(*_: object) -> None:
        raise BucketError("object storage does not answer", away=True)

    write = stack.write
    monkeypatch.setattr(stack, "write", die)
    with pytest.raises(KeyboardInterrupt):
        run(NEW)
    assert stack.live == NEW
    monkeypatch.setattr(stack, "write", refuse)
    with pytest.raises(StackError, match=f"{NEW} may be named live: object storage does not answer"):
        end_abandoned("ada")
    with pytest.raises(StackError, match="may be named live"):
        answer("roll back", AUTHOR)
    monkeypatch.setattr(stack, "write", write)
    assert "is rolled back" in end_abandoned("ada")
    assert stack.live == LIVE and stack.told[-1] == "release.rolled_back"


def test_r22_rollback_ends_a_release_that_is_at_work(stack: FakeStack) -> None:
    stack.at[12] = lambda: answer("roll back", AUTHOR)
    assert run(NEW) == 1
    assert stack.waits == 12 and not stack.file.exists()
    assert Trail(stack.audit).latest(1)[0].why == "ada asked for it."


def test_r22_trouble_of_infrastructure_pauses_and_its_end_resumes(stack: FakeStack) -> None:
    stack.at = {
        12: lambda: setattr(stack, "troubles", (trouble(Weight.PAUSES),)),
        60: lambda: setattr(stack, "troubles", ()),
    }
    assert run(NEW) == 0
    assert stack.told[3:5] == ["release.paused", "release.resumed"]
    assert stack.shares[13:60] == [5.0] * 47


def test_r22_unknown_trouble_asks_and_a_person_lets_it_go_on(
    stack: FakeStack, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(StackError, match="nothing is being released"):
        answer("continue", AUTHOR)

    def ask() -> None:
        stack.troubles = (trouble(Weight.ASKS),)
        with pytest.raises(StackError, match="asks nothing: it is watching"):
            answer("continue", AUTHOR)

    stack.at = {12: ask, 60: lambda: answer("continue", AUTHOR)}
    assert run(NEW, Console(width=200)) == 0
    assert stack.told[3:5] == ["release.held", "release.resumed"]
    said = capsys.readouterr().out
    assert "ASKS at 5%" in said and "`make release-continue` goes on, `make rollback` ends it." in said


def test_trouble_from_before_the_release_does_not_count_against_it(stack: FakeStack) -> None:
    stack.troubles = (trouble(Weight.ROLLS_BACK),)
    assert run(NEW) == 0, "as when a drift led to this version"


def test_an_inbox_that_goes_away_pauses(stack: FakeStack) -> None:
    stack.at = {
        12: lambda: setattr(stack, "inbox_away", True),
        30: lambda: setattr(stack, "inbox_away", False),
    }
    assert run(NEW) == 0
    assert "release.paused" in stack.told


def test_r22_what_the_gate_refuses_is_not_released(stack: FakeStack) -> None:
    def refuse(version: str) -> None:
        raise StackError(f"{version} may not serve users")

    with pytest.raises(StackError, match="may not serve"):
        release(Settings(), Config(), Console(quiet=True), NEW, AUTHOR, refuse)
    assert not stack.file.exists() and not stack.audit.exists()
    require_no_release()


def test_a_release_does_not_begin_where_it_cannot_be_watched_or_has_no_place(stack: FakeStack) -> None:
    with pytest.raises(StackError, match="nothing was released yet"):
        run()
    with pytest.raises(StackError, match="is the live version"):
        run(LIVE)
    stack.inbox_away = True
    with pytest.raises(StackError, match="Without it a release does not know of trouble"):
        run(NEW)
    stack.inbox_away = False
    write_rollout(stack.file, {LIVE: 70, NEW: 30})
    with pytest.raises(StackError, match="the flag file splits the users already: `make rollback` first"):
        run(NEW)


def test_a_flag_file_of_somebody_else_is_left_alone(stack: FakeStack) -> None:
    theirs = {LIVE: 50.0, "als64-cccccc": 50.0}
    stack.at[12] = lambda: write_rollout(stack.file, theirs)
    assert run(NEW) == 1
    assert read_rollout(stack.file) == theirs


def test_r22_blue_green_switches_all_users_at_once(stack: FakeStack) -> None:
    config = Config.model_validate({"release": {"strategy": "blue-green", "watch": "1m"}})
    assert run(NEW, config=config) == 0
    assert {*stack.shares} == {0.0, 100.0} and stack.live == NEW


def test_r22_it_answers_in_the_shadow_before_users_have_it(stack: FakeStack) -> None:
    stack.stop_at = 2
    assert run(NEW) == 130
    shadow = read_shadow(stack.shadow)
    assert shadow is not None and (shadow.version, shadow.share) == (NEW, 0.1)
    assert not stack.file.exists()
    answer("roll back", AUTHOR)
    assert not stack.shadow.exists() and not stack.file.exists()


def test_another_version_in_the_shadow_is_left_alone(stack: FakeStack) -> None:
    write_shadow(stack.shadow, "als64-cccccc", 0.1)
    with pytest.raises(StackError, match="answers in the shadow already: `make shadow-off` first"):
        run(NEW)
    off = Config.model_validate({"release": {"shadow": "off"}})
    assert run(NEW, config=off) == 0
    assert read_shadow(stack.shadow) is not None
