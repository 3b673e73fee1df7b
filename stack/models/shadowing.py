"""`make shadow` and `make shadow-off`: a version answers a share of the requests, unseen by users."""

import time

from services.demo.flags import FlagError, Shadow, clear_shadow, read_shadow, write_shadow
from services.demo.trainer.parameters import CANDIDATE
from stack import SHADOW_FILE, StackError
from stack.models.rollouts import read_readiness
from stack.settings import Settings

NOTICED_SECONDS = 30.0
"""The recommender looks every 5 s."""


def begin_shadow(settings: Settings, version: str, share: float) -> str:
    """Let `version` (empty: the trainer's candidate) answer `share` percent of the requests in the shadow.

    Returns a sentence saying so when the recommender does; else restores what was and raises StackError.
    """
    ready = read_readiness(settings)
    version = version or CANDIDATE.version(ready["dataset_id"])
    try:
        former = read_shadow(SHADOW_FILE)
        write_shadow(SHADOW_FILE, version, share / 100)
    except FlagError as error:
        raise StackError(f"no version answers in the shadow: {error}") from None
    try:
        _await(settings, version)
    except BaseException:
        _restore(former)
        raise
    return (
        f"{version} answers {share:g}% of the requests in the shadow: no user sees it. How it differs: "
        f"{settings.url('incidents')}/comparison. End it with `make shadow-off`."
    )


def _restore(former: Shadow | None) -> None:
    if former:
        write_shadow(SHADOW_FILE, former.version, former.share)
    else:
        clear_shadow(SHADOW_FILE)


def end_shadow() -> str:
    """Let no version answer in the shadow; a sentence saying so."""
    if not SHADOW_FILE.exists():
        return "No version answered in the shadow."
    clear_shadow(SHADOW_FILE)
    return "The version in the shadow answers no more, within 5 s."


def _await(settings: Settings, version: str) -> None:
    end = time.monotonic() + NOTICED_SECONDS
    while read_readiness(settings)["shadow"] != version:
        if time.monotonic() > end:
            raise StackError(
                f"the recommender did not load {version} within {NOTICED_SECONDS:g} s; "
                "see `make logs SERVICE=recommender`"
            )
        time.sleep(0.25)
