"""`make release`: a version becomes live step by step; the controller is this process, in the foreground.

Being killed must not leave a worse version serving unwatched: the flag file that this process renews has a
lease, which the recommender itself heeds. A process of the stack would need the trainer's keys all day, and
end with the stack; who starts a release is there to read what it asks. The automatic retraining is one, if a
user wants it to be.
"""

import time
from collections.abc import Callable

from rich.console import Console

from config import Config
from decisions.audit import Change, Trail, TrailError
from decisions.releases.controller import Controller
from decisions.releases.files import Files
from decisions.releases.machine import Decision, step
from decisions.releases.observation import Answer, Observation, Says
from decisions.releases.plan import limit, plan
from decisions.releases.state import Phase, State, begin
from decisions.releases.state_file import Unreadable
from decisions.releases.wording import describe, tell, write_step
from services.demo.storage.artefacts import MODEL, SERVICE
from stack import AUDIT_FILE, DATA, FLAGS_FILE, SHADOW_FILE, StackError
from stack.models.records import record
from stack.models.release_world import Stack, publish, take_back, tell_shares
from stack.models.rollouts import Author, Gate, find_user
from stack.running.interrupts import hold_interrupts
from stack.settings import Settings

FOLDER = DATA / "decisions"
MOST_ENTRIES = 10_000
"""Of the audit trail about a version, among which its release began: hours of pauses are thousands."""


def release(
    settings: Settings, config: Config, console: Console, version: str, author: Author, gate: Gate
) -> int:
    """Begin a release (with a version), or go on with one or show it.

    0 if it is live or was only shown, 1 if it is rolled back, 130 after an interrupt. Raises StackError.
    """
    files, state = _read()
    world = Stack(settings, config, files, console.print)
    with files.hold() as alone, hold_interrupts() as interrupted:
        if version and (obstacle := find_obstacle(config)):
            raise StackError(obstacle)
        if version and not alone:
            raise StackError("another `make release` is at work")
        if version:
            state = _begin(world, files, config, version, author, gate)
        if state is None:
            raise StackError("nothing was released yet: make release VERSION=name")
        console.print(describe(state, time.time()), markup=False)
        if state.over:
            world.take_back(state)
            return 0
        if not alone:
            console.print("Another `make release` is at work on it.")
            return 0
        return _run(world, files, config, console, state, interrupted.wait)


def answer(says: Says, author: Author) -> str:
    """Tell the release what a person says; a sentence on what comes of it. Raises StackError."""
    files, state = _read()
    if state is None or state.over:
        raise StackError("nothing is being released")
    if says == "continue" and state.phase is not Phase.HELD:
        raise StackError(f"{state.version} asks nothing: it is {state.phase.value}")
    who = author.who or find_user()
    files.write_answer(state, says, who)
    if says == "continue":
        return f"{state.version} goes on within 5 s, if `make release` is running."
    take_back(state)
    with files.hold() as alone:
        if alone:
            _end(files, state, who)
    return f"{state.version} is rolled back: the live version serves all users again within 5 s."


def end_abandoned(who: str) -> str:
    """Roll back a release that `who` began and nobody is at work on; a sentence, empty if there is none.

    Raises StackError.
    """
    with Files(FOLDER).hold() as alone:
        files, state = _read()
        if not alone or state is None or state.over or _find_author(state) != who:
            return ""
        take_back(state)
        _end(files, state, who)
    return f"{state.version} is rolled back: whoever released it was stopped."


def _find_author(state: State) -> str:
    """Who began it, by the audit trail; empty if that does not say."""
    try:
        entries = Trail(AUDIT_FILE).latest(MOST_ENTRIES, state.version)
    except TrailError as error:
        raise StackError(str(error)) from None
    return next((each.who for each in entries if each.what == "release.begun"), "")


def find_obstacle(config: Config) -> str:
    """What keeps a release from beginning, or nothing. Raises StackError."""
    _, state = _read()
    if state and not state.over:
        return f"{state.version} is being released: `make release` goes on with it, `make rollback` ends it"
    if FLAGS_FILE.exists():
        return "the flag file splits the users already: `make rollback` first"
    if config.release.shadow and SHADOW_FILE.exists():
        return "a version answers in the shadow already: `make shadow-off` first"
    return ""


def is_under_way() -> bool:
    """Whether there is a release that is not over; a state that cannot be read is none."""
    try:
        _, state = _read()
    except StackError:
        return False
    return state is not None and not state.over


def require_no_release() -> None:
    """Raises StackError while a version is being released."""
    if is_under_way():
        raise StackError("a version is being released: see `make release`; `make rollback` ends it")


def _read() -> tuple[Files, State | None]:
    """The files, and the present release or the last one. Raises StackError."""
    files = Files(FOLDER)
    try:
        return files, files.state.read()
    except (Unreadable, OSError) as error:
        raise StackError(str(error)) from None


def _begin(world: Stack, files: Files, config: Config, version: str, author: Author, gate: Gate) -> State:
    live = world.find_live()
    if version == live:
        raise StackError(f"{version} is the live version: choose another one with VERSION=")
    known = world.known_troubles()
    gate(version)
    state = begin(
        version, live, plan(config.release, config.shadow.share), limit(config.release), known, time.time()
    )
    change = author.describe("release.begun", version, tell_shares(state))
    record(change, "nothing was released")
    files.forget_answer()
    files.state.write(state)
    return state


def _run(
    world: Stack,
    files: Files,
    config: Config,
    console: Console,
    state: State,
    wait: Callable[[float], bool],
) -> int:
    with console.status("") as status:

        def say(after: State, decision: Decision) -> None:
            if line := tell(after, decision, time.time()):
                console.print(line, markup=False, soft_wrap=True)
            status.update(f"{write_step(after.step)}, {after.phase.value}: {after.reason}")

        lease = config.release.lease
        state = Controller(world, files.state, lease, say, time.time).run(state, wait)
    if not state.over:
        console.print(
            f"Left as it is, {write_step(state.step)}; users have it for {config.release.lease:g} s more. "
            "`make release` goes on."
        )
        return 130
    return 0 if state.phase is Phase.LIVE else 1


def _end(files: Files, state: State, who: str) -> None:
    """Write down that somebody ended a release that nobody is at work on; its version is named live no more.

    Raises StackError, and leaves the release as it is, where that cannot be undone.
    """
    if state.published and (problem := publish(state.former)):
        raise StackError(f"{state.version} may be named live: {problem}; `make rollback` again")
    after, _ = step(state, Observation(state.former, answer=Answer("roll back", who)), time.time())
    files.state.write(after)
    files.forget_answer()
    change = Change(
        who=who,
        what="release.rolled_back",
        subject=after.version,
        service=SERVICE,
        model=MODEL,
        why=after.reason,
        before=tell_shares(state),
        after=tell_shares(after),
    )
    record(change, "it is rolled back all the same")
