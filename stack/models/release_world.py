"""The running stack as the controller of a release sees and changes it."""

from collections.abc import Callable
from typing import Any, Literal

import httpx

from config import Config
from config.services import find_latency_limit
from decisions.audit import Action, Change, write_reason
from decisions.experiments.reading import TooManySeries
from decisions.releases.files import Files
from decisions.releases.observation import Observation, Trouble
from decisions.releases.reading import Ceilings, Evidence, read_evidence
from decisions.releases.state import Phase, State
from decisions.releases.troubles import read_known, read_troubles
from prometheus.client import Client, SourceAway
from services.demo.features.bucket import Bucket, BucketError
from services.demo.flags import (
    FlagError,
    clear_rollout,
    clear_shadow,
    read_shadow,
    write_rollout,
    write_shadow,
)
from services.demo.flags.flag import parse_flag
from services.demo.storage.artefacts import LIVE_KEY, MODEL, SERVICE, LivePointer
from stack import FLAGS_FILE, SHADOW_FILE, StackError
from stack.models.records import record
from stack.settings import Settings
from stack.storage.bucket import find_storage

CONTROLLER = "release controller"
"""Its name in the audit trail."""

TIMEOUT = 3.0
"""Seconds for the recommender's answer: a look must not take as long as the lease."""

Whose = Literal["ours", "absent", "other"]


class Stack:
    """The running stack as a controller sees it."""

    def __init__(self, settings: Settings, config: Config, files: Files, say: Callable[[str], None]) -> None:
        self._recommender = settings.url("recommender")
        self._prometheus = Client("Prometheus", settings.url("prometheus"))
        self._inbox = Client("The inbox", settings.url("incidents"), token=settings.incidents_token)
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
            loaded=state.version in _find_answering(ready, state),
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
        """By the flag file, with a lease, or in the shadow; a file of somebody else's stays."""
        if _whose_flag(state) == "other":
            return
        if state.step.shadow:
            return write_shadow(SHADOW_FILE, state.version, state.step.shadow)
        shares = {state.former: 100 * (1 - state.share), state.version: 100 * state.share}
        write_rollout(FLAGS_FILE, shares, state.salt, until)
        if _whose_shadow(state) == "ours":
            clear_shadow(SHADOW_FILE)

    def take_back(self, state: State) -> None:
        take_back(state)

    def publish(self, version: str) -> str:
        return publish(version)

    def forget_answer(self) -> None:
        self._files.forget_answer()

    def record(self, what: Action, before: State, after: State, evidence: Any) -> None:
        """Into the audit trail. One that cannot be written is told, and stops nothing, least a rollback."""
        change = Change(
            who=CONTROLLER,
            what=what,
            subject=after.version,
            service=SERVICE,
            model=MODEL,
            why=write_reason(after.reason),
            before=tell_shares(before),
            after=tell_shares(after),
            evidence=evidence,
        )
        try:
            record(change, "it is done all the same")
        except StackError as error:
            self._say(f"whence: {error}")

    def known_troubles(self) -> frozenset[int]:
        """The incidents that are open already. Raises StackError."""
        try:
            return read_known(self._inbox)
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


def tell_shares(state: State) -> dict[str, Any]:
    """Percent of the users by version, for the audit trail."""
    if state.phase is Phase.LIVE:
        return {state.version: 100.0}
    shares = {state.former: 100 * (1 - state.share), state.version: 100 * state.share}
    return {version: round(share, 6) for version, share in shares.items() if share}


def publish(version: str) -> str:
    """Write live.json, straight into the storage; what keeps it from that, or nothing. Raises StackError."""
    bucket = Bucket(find_storage())
    try:
        bucket.write(LIVE_KEY, LivePointer(version=version).model_dump_json().encode())
    except BucketError as error:
        return str(error)
    finally:
        bucket.close()
    return ""


def take_back(state: State) -> None:
    """Remove the flag file and the shadow if they are this release's."""
    if _whose_rollout(state) == "ours":
        clear_rollout(FLAGS_FILE)
    if _whose_shadow(state) == "ours":
        clear_shadow(SHADOW_FILE)


def _find_answering(ready: dict[str, Any] | None, state: State) -> list[str]:
    """The versions that answer as this step wants it."""
    if ready is None:
        return []
    return [ready["shadow"]] if state.step.shadow else ready["versions"]


def _whose_flag(state: State) -> Whose:
    """Of the file that says who gets the version at this step."""
    rollout = _whose_rollout(state)
    return _whose_shadow(state) if state.step.shadow and rollout == "absent" else rollout


def _whose_shadow(state: State) -> Whose:
    try:
        shadow = read_shadow(SHADOW_FILE)
    except (FlagError, OSError, ValueError):
        return "other"
    if shadow is None:
        return "absent"
    return "ours" if shadow.version == state.version else "other"


def _whose_rollout(state: State) -> Whose:
    try:
        flag = parse_flag(FLAGS_FILE.read_text())
    except FileNotFoundError:
        return "absent"
    except (FlagError, OSError, ValueError):
        return "other"
    ours = flag and flag.salt == state.salt and set(flag.variants) == {state.former, state.version}
    return "ours" if ours else "other"
