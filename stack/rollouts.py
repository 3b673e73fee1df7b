"""`make rollout` and `make rollback`: users are split between versions, by the flag file."""

import os
import time
from collections.abc import Mapping
from typing import Any

import httpx

from config.experiments import Experiment
from services.demo.flags import FLAG_KEY, clear_rollout, write_rollout
from services.demo.trainer.parameters import CANDIDATE
from stack import FLAGS_FILE, StackError
from stack.settings import Settings

NOTICED_SECONDS = 60.0
"""The recommender looks every 5 s, and a new version waits for its features for up to 30 s."""


def roll_out(settings: Settings, version: str, share: float) -> str:
    """Give `share` percent of the users `version` (empty: the trainer's candidate); a sentence saying so.

    Returns when the recommender answers with it; else takes the roll-out back and raises StackError.
    """
    ready = read_readiness(settings)
    live: str = ready["model_version"]
    version = version or CANDIDATE.version(ready["dataset_id"])
    if version == live:
        raise StackError(f"{version} is the live version: choose another one with VERSION=")
    _split(settings, {live: 100 - share, version: share}, FLAG_KEY)
    return f"{version} serves {share:g}% of the users, {live} the others. Undo it with `make rollback`."


def start_experiment(settings: Settings, experiment: Experiment) -> str:
    """Split the users between the variants of an experiment by its salt; a sentence saying so.

    Raises StackError, and takes the split back, unless the recommender answers with all of them.
    """
    if experiment.traffic:
        raise StackError(f"{experiment.name} has a traffic: the recommender's one flag splits all users")
    read_readiness(settings)
    _split(settings, {of.version: 100 * of.share for of in experiment.variants}, experiment.hashed_with)
    return (
        f"{experiment.name}: the users are split between {len(experiment.variants)} versions. "
        "What comes of it: `make experiments`. Undo it with `make rollback`."
    )


def _split(settings: Settings, shares: Mapping[str, float], salt: str) -> None:
    """Return when the recommender answers with all versions; else restore what was. Raises StackError."""
    former = FLAGS_FILE.read_bytes() if FLAGS_FILE.exists() else None
    write_rollout(FLAGS_FILE, shares, salt)
    try:
        for version in shares:
            if problem := _await_version(settings, version):
                raise StackError(f"{version} is not rolled out: {problem}")
    except BaseException:
        _restore(former)
        raise


def _restore(former: bytes | None) -> None:
    if former is None:
        return clear_rollout(FLAGS_FILE)
    partial = FLAGS_FILE.with_suffix(".partial")
    partial.write_bytes(former)
    os.replace(partial, FLAGS_FILE)


def roll_back() -> str:
    """Give everybody the live version; a sentence saying so."""
    if not FLAGS_FILE.exists():
        return "No roll-out was active."
    clear_rollout(FLAGS_FILE)
    return "The live version serves all users again within 5 s."


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
