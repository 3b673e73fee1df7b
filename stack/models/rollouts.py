"""`make rollout` and `make rollback`: users are split between versions, by the flag file.

A split that cannot be recorded in the audit trail is taken back; a rollback stands in any case.
"""

import getpass
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import JsonValue, ValidationError

from config.experiments import Experiment
from config.objectives import RECOMMENDER
from decisions.audit import Action, Change
from services.demo.flags import FLAG_KEY, FlagError, clear_rollout, read_rollout, replace_file, write_rollout
from services.demo.storage.artefacts import MODEL, SERVICE
from services.demo.trainer.parameters import CANDIDATE
from stack import FLAGS_FILE, StackError
from stack.models.records import ask_outcome, explain_invalid, find_running, record
from stack.settings import Settings

Shares = Mapping[str, float]
"""Percent of the users by version; the live one is the first."""

Gate = Callable[[str], object]
"""Raises StackError for a version that may not serve users."""

NOTICED_SECONDS = 60.0
"""The recommender looks every 5 s, and a new version waits for its features for up to 30 s."""


@dataclass(frozen=True)
class Author:
    """Who changes something, by default the user of this machine, and why."""

    who: str = ""
    why: str = ""

    def describe(self, what: Action, subject: str, after: Shares | None) -> Change:
        """What is about to change, for the audit trail. Raises StackError for a name that cannot be kept."""
        try:
            return Change(
                who=self.who or find_user(),
                what=what,
                subject=subject,
                service=SERVICE,
                model=MODEL,
                why=self.why,
                before=_read_shares(),
                after=dict(after) if after else None,
            )
        except ValidationError as refused:
            raise StackError(explain_invalid(refused)) from None


def roll_out(settings: Settings, version: str, share: float, author: Author, gate: Gate) -> str:
    """Give `share` percent of the users `version` (empty: the trainer's candidate); a sentence saying so.

    It has to pass the gate. Returns when the recommender answers with it; else takes the roll-out back and
    raises StackError, also while an experiment runs.
    """
    if running := find_running(_read_shares() or {}):
        raise StackError(
            f"experiment {running} splits the users: `make rollback` first, which keeps its outcome"
        )
    ready = read_readiness(settings)
    live: str = ready["model_version"]
    version = version or CANDIDATE.version(ready["dataset_id"])
    if version == live:
        raise StackError(f"{version} is the live version: choose another one with VERSION=")
    gate(version)
    shares = {live: 100 - share, version: share}
    _split(settings, shares, FLAG_KEY, author.describe("rollout", version, shares))
    return f"{version} serves {share:g}% of the users, {live} the others. Undo it with `make rollback`."


def start_experiment(settings: Settings, experiment: Experiment, author: Author) -> str:
    """Split the users between the variants of an experiment by its salt; a sentence saying so.

    Raises StackError, and takes the split back, unless the recommender answers with all of them; also while
    the users are split already.
    """
    if experiment.service != RECOMMENDER:
        raise StackError(f"{experiment.name} is of {experiment.service}, which splits its users itself")
    if FLAGS_FILE.exists():
        raise StackError("the flag file splits the users already: `make rollback` first")
    if experiment.traffic:
        raise StackError(f"{experiment.name} has a traffic: the recommender's one flag splits all users")
    read_readiness(settings)
    shares = {of.version: 100 * of.share for of in experiment.variants}
    begun = author.describe("experiment.begun", experiment.name, shares)
    _split(settings, shares, experiment.hashed_with, begun)
    return (
        f"{experiment.name}: the users are split between {len(experiment.variants)} versions. "
        "What comes of it: `make experiments`. Undo it with `make rollback`."
    )


def _split(settings: Settings, shares: Shares, salt: str, change: Change) -> None:
    """Return when the recommender answers with all versions and it is recorded; else restore what was.

    Raises StackError.
    """
    former = FLAGS_FILE.read_bytes() if FLAGS_FILE.exists() else None
    write_rollout(FLAGS_FILE, shares, salt)
    try:
        for version in shares:
            if problem := _await_version(settings, version):
                raise StackError(f"{version} is not rolled out: {problem}")
        record(change, "nothing was rolled out")
    except BaseException:
        replace_file(FLAGS_FILE, former)
        raise


def roll_back(author: Author, experiments: Callable[[], Iterable[Experiment]]) -> str:
    """Give everybody the live version; a sentence saying so.

    If that ends one of the `experiments`, which are read afterwards, what came of it is kept.
    Raises StackError if it is not recorded.
    """
    if not FLAGS_FILE.exists():
        return "No roll-out was active."
    shares = _read_shares() or {}
    experiment = find_running(shares)
    others = ", ".join(list(shares)[1:]) or "a flag file that could not be read"
    change = (
        author.describe("experiment.ended", experiment, None)
        if experiment
        else author.describe("rollback", others, None)
    )
    clear_rollout(FLAGS_FILE)
    done = "The live version serves all users again within 5 s."
    if experiment:
        change = change.model_copy(update={"evidence": ask_outcome(experiment, experiments)})
    record(change, done)
    return done


def _read_shares() -> dict[str, JsonValue] | None:
    """Percent of the users by version; None where nothing is rolled out, or nothing that can be read."""
    try:
        return {**read_rollout(FLAGS_FILE)} or None
    except (FlagError, OSError):
        return None


def find_user() -> str:
    """The name of this machine's user, for the audit trail."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in a container
        return f"user {os.getuid()}"


def _await_version(settings: Settings, version: str) -> str | None:
    """None when the recommender answers with `version`; else what keeps it from that."""
    end = time.monotonic() + NOTICED_SECONDS
    while time.monotonic() < end:
        ready = read_readiness(settings)
        if version in ready["versions"]:
            return None
        if version in (ready["degraded"] or ""):
            return str(ready["degraded"])
        time.sleep(0.25)
    return (
        f"the recommender did not load it within {NOTICED_SECONDS:g} s; see `make logs SERVICE=recommender`"
    )


def read_readiness(settings: Settings) -> dict[str, Any]:
    """What the recommender says it serves. Raises StackError where it says nothing."""
    address = settings.url("recommender")
    try:
        answer = httpx.get(f"{address}/readyz", timeout=5, trust_env=False)
        answer.raise_for_status()
        ready: dict[str, Any] = answer.json()
        return ready
    except httpx.HTTPError as error:
        raise StackError(f"no recommender at {address} ({error}): start the stack with `make up`") from None
    except ValueError:
        raise StackError(f"{address} is not the recommender: what it answers is no JSON") from None
