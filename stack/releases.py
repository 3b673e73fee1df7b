"""`make release`: a version becomes live step by step; the controller is this process, in the foreground.

Being killed must not leave a worse version serving unwatched: the flag file that this process renews has a
lease, which the recommender itself heeds. A process of the stack would need the trainer's keys all day, and
end with the stack; who starts a release is there to read what it asks.
"""

import time
from collections.abc import Callable
from typing import Any, Literal

import httpx
from rich.console import Console

from config import Config
from config.services import find_latency_limit
from decisions.audit import Action, Change
from decisions.experiments.reading import TooManySeries
from decisions.releases.controller import Controller
from decisions.releases.files import Files, Unreadable
from decisions.releases.machine import Decision, step
from decisions.releases.observation import Answer, Observation, Says, Trouble
from decisions.releases.plan import limit, plan
from decisions.releases.reading import Ceilings, Evidence, read_evidence
from decisions.releases.state import Phase, State, begin
from decisions.releases.troubles import read_troubles
from decisions.releases.wording import describe, tell, write_share
from prometheus.client import Client, SourceAway
from services.demo.features.bucket import Bucket, BucketError
from services.demo.flags import FlagError, clear_rollout, write_rollout
from services.demo.flags.flag import parse_flag
from services.demo.storage.artefacts import LIVE_KEY, LivePointer
from stack import DATA, FLAGS_FILE, StackError
from stack.bucket import find_storage
from stack.interrupts import hold_interrupts
from stack.records import record
from stack.rollouts import Author, Gate, find_user
from stack.settings import Settings

FOLDER = DATA / "decisions"
CONTROLLER = "release controller"
"""Its name in the audit trail."""

TIMEOUT = 3.0
"""Seconds for the recommender's answer: a look must not take as long as the lease."""

LONGEST_REASON = 1_000


class Stack:
    """The running stack as a controller sees it."""

    def __init__(self, settings: Settings, config: Config, files: Files, say: Callable[[str], None]) -> None:
        self._recommender = settings.url("recommender")
        self._prometheus = Client("Prometheus", settings.url("prometheus"))
        self._inbox = Client("The inbox", settings.url("incidents"))
        self._files = files
        self._say = say
        latency = find_latency_limit(config)
        self._ceilings = Ceilings(config.release.errors, config.release.slow, latency)

    def look(self, state: State, now: float) -> Observation:
        """Ask everybody; who does not answer leaves a gap that is told."""
        answer = self._files.read_answer(state)
        ready = self._read_readiness()
        evidence, blind = Evidence(), ""
        troubles: tuple[Trouble, ...] = ()
        try:
            troubles = read_troubles(self._inbox)
            evidence = read_evidence(self._prometheus, state, self._ceilings, now)
        except (SourceAway, TooManySeries) as away:
            blind = str(away)
        return Observation(
            live=ready["model_version"] if ready else None,
            loaded=state.version in (ready["versions"] if ready else ()),
            problem=str(ready["degraded"] or "") if ready else "",
            flag=_whose_flag(state),
            compared=evidence.compared,
            labels=evidence.labels,
            mismatch=evidence.mismatch,
            limits=evidence.limits,
            troubles=troubles,
            blind=blind,
            answer=answer,
        )

    def give(self, state: State, until: float) -> None:
        """By the flag file, with a lease; a file of somebody else's stays."""
        if _whose_flag(state) != "other":
            shares = {state.former: 100 * (1 - state.share), state.version: 100 * state.share}
            write_rollout(FLAGS_FILE, shares, state.salt, until)

    def take_back(self, state: State) -> None:
        """Remove the flag file if it is this release's."""
        if _whose_flag(state) == "ours":
            clear_rollout(FLAGS_FILE)

    def publish(self, version: str) -> str:
        """Write live.json, straight into the storage."""
        bucket = Bucket(find_storage())
        try:
            bucket.write(LIVE_KEY, LivePointer(version=version).model_dump_json().encode())
        except BucketError as error:
            return str(error)
        finally:
            bucket.close()
        return ""

    def forget_answer(self) -> None:
        self._files.forget_answer()

    def record(self, what: Action, before: State, after: State, evidence: Any) -> None:
        """Into the audit trail. One that cannot be written is told, and stops nothing, least a rollback."""
        change = Change(
            who=CONTROLLER,
            what=what,
            subject=after.version,
            why=" ".join(after.reason.split())[:LONGEST_REASON],
            before=_shares(before),
            after=_shares(after),
            evidence=evidence,
        )
        try:
            record(change, "it is done all the same")
        except StackError as error:
            self._say(f"whence: {error}")

    def known_troubles(self) -> frozenset[int]:
        """The incidents that are open already. Raises StackError."""
        try:
            return frozenset(trouble.incident for trouble in read_troubles(self._inbox))
        except SourceAway as away:
            raise StackError(f"{away} Without it a release does not know of trouble: `make status`") from None

    def find_live(self) -> str:
        """The live version. Raises StackError."""
        if ready := self._read_readiness():
            return str(ready["model_version"])
        raise StackError(f"no recommender at {self._recommender}: start the stack with `make up`")

    def _read_readiness(self) -> dict[str, Any] | None:
        try:
            answer = httpx.get(f"{self._recommender}/readyz", timeout=TIMEOUT, trust_env=False)
            answer.raise_for_status()
            ready: dict[str, Any] = answer.json()
            return ready
        except (httpx.HTTPError, ValueError):
            return None


def release(
    settings: Settings, config: Config, console: Console, version: str, author: Author, gate: Gate
) -> int:
    """Begin a release (with a version), or go on with one or show it.

    0 if it is live or was only shown, 1 if it is rolled back, 130 after an interrupt. Raises StackError.
    """
    files, state = _read()
    if version and state and not state.over:
        raise StackError(
            f"{state.version} is being released: `make release` goes on with it, `make rollback` ends it"
        )
    world = Stack(settings, config, files, console.print)
    with files.hold() as alone, hold_interrupts() as interrupted:
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
    if _whose_flag(state) == "ours":
        clear_rollout(FLAGS_FILE)
    with files.hold() as alone:
        if alone:
            _end(files, state, who)
    return f"{state.version} is rolled back: the live version serves all users again within 5 s."


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
    if FLAGS_FILE.exists():
        raise StackError("the flag file splits the users already: `make rollback` first")
    known = world.known_troubles()
    gate(version)
    state = begin(version, live, plan(config.release), limit(config.release), known, time.time())
    change = author.describe("release.begun", version, _shares(state))
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
            status.update(f"{write_share(after.share)}, {after.phase.value}: {after.reason}")

        lease = config.release.lease
        state = Controller(world, files.state, lease, say, time.time).run(state, wait)
    if not state.over:
        console.print(
            f"Left as it is: {write_share(state.share)} of the users keep it for "
            f"{config.release.lease:g} s. `make release` goes on."
        )
        return 130
    return 0 if state.phase is Phase.LIVE else 1


def _end(files: Files, state: State, who: str) -> None:
    """Write down that a person ended a release that nobody is at work on."""
    after, _ = step(state, Observation(state.former, answer=Answer("roll back", who)), time.time())
    files.state.write(after)
    files.forget_answer()
    change = Change(
        who=who,
        what="release.rolled_back",
        subject=after.version,
        why=after.reason,
        before=_shares(state),
        after=_shares(after),
    )
    record(change, "it is rolled back all the same")


def _shares(state: State) -> dict[str, Any]:
    if state.phase is Phase.LIVE:
        return {state.version: 100.0}
    shares = {state.former: 100 * (1 - state.share), state.version: 100 * state.share}
    return {version: round(share, 6) for version, share in shares.items() if share}


def _whose_flag(state: State) -> Literal["ours", "absent", "other"]:
    try:
        flag = parse_flag(FLAGS_FILE.read_text())
    except FileNotFoundError:
        return "absent"
    except (FlagError, OSError, ValueError):
        return "other"
    ours = flag and flag.salt == state.salt and set(flag.variants) == {state.former, state.version}
    return "ours" if ours else "other"
