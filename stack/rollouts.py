"""`make rollout` and `make rollback`: a share of the users gets another version, by the flag file."""

import time
from typing import Any

import httpx

from services.demo.flags import FlagError, clear_rollout, read_rollout, write_rollout
from services.demo.trainer.parameters import CANDIDATE
from stack import FLAGS_FILE, StackError
from stack.settings import Settings

NOTICED_SECONDS = 60.0
"""The recommender looks every 5 s, and a new version waits for its features for up to 30 s."""


def roll_out(settings: Settings, version: str, share: float) -> str:
    """Give `share` percent of the users `version` (empty: the trainer's candidate); a sentence saying so.

    Returns when the recommender answers with it; else takes the roll-out back and raises StackError.
    """
    ready = _read_readiness(settings)
    live: str = ready["model_version"]
    version = version or CANDIDATE.version(ready["dataset_id"])
    if version == live:
        raise StackError(f"{version} is the live version: choose another one with VERSION=")
    former = _read_former()
    write_rollout(FLAGS_FILE, {live: 100 - share, version: share})
    try:
        problem = _await_version(settings, version)
        if problem:
            raise StackError(f"{version} is not rolled out: {problem}")
    except BaseException:
        write_rollout(FLAGS_FILE, former) if former else clear_rollout(FLAGS_FILE)
        raise
    return f"{version} serves {share:g}% of the users, {live} the others. Undo it with `make rollback`."


def roll_back() -> str:
    """Give everybody the live version; a sentence saying so."""
    if not FLAGS_FILE.exists():
        return "No roll-out was active."
    clear_rollout(FLAGS_FILE)
    return "The live version serves all users again within 5 s."


def _read_former() -> dict[str, float]:
    try:
        return read_rollout(FLAGS_FILE)
    except FlagError:
        return {}


def _await_version(settings: Settings, version: str) -> str | None:
    """None when the recommender answers with `version`; else what keeps it from that."""
    end = time.monotonic() + NOTICED_SECONDS
    while time.monotonic() < end:
        ready = _read_readiness(settings)
        if version in ready["versions"]:
            return None
        if version in (ready["degraded"] or ""):
            return str(ready["degraded"])
        time.sleep(0.25)
    return (
        f"the recommender did not load it within {NOTICED_SECONDS:g} s; see `make logs SERVICE=recommender`"
    )


def _read_readiness(settings: Settings) -> dict[str, Any]:
    address = settings.url("recommender")
    try:
        answer = httpx.get(f"{address}/readyz", timeout=5, trust_env=False)
        answer.raise_for_status()
        ready: dict[str, Any] = answer.json()
        return ready
    except httpx.HTTPError as error:
        raise StackError(f"no recommender at {address} ({error}): start the stack with `make up`") from None
