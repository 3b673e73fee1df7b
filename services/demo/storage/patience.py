"""Waiting for storage that is away, within a bound."""

from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from tenacity import RetryError, Retrying, retry_if_exception, stop_after_delay, wait_exponential

from services.demo.storage.errors import advise

ResultT = TypeVar("ResultT")


class StorageAway(RuntimeError):
    """Storage did not answer in time; the message says how long it was waited for, and the last problem."""


def is_away(error: BaseException) -> bool:
    """Whether an S3 operation failed because storage is away or not ready, and may succeed later."""
    if isinstance(error, ClientError):
        status: int = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return status >= 500
    return isinstance(error, BotoCoreError)


def wait_out(
    act: Callable[[], ResultT], *, seconds: float, is_away: Callable[[BaseException], bool] = is_away
) -> ResultT:
    """Call `act` until storage answers, for at most `seconds`, pausing 0.2–2 s between tries.

    Raises `StorageAway` after that; an answer that is a refusal (such as AccessDenied) is raised as it is.
    """
    retrying = Retrying(
        retry=retry_if_exception(is_away),
        wait=wait_exponential(multiplier=0.2, max=2.0),
        stop=stop_after_delay(seconds),
    )
    try:
        return retrying(act)
    except RetryError as given_up:
        last = given_up.last_attempt.exception()
        raise StorageAway(
            f"object storage did not answer within {seconds:g} s ({describe(last)}); {advise(last)}"
        ) from given_up


def describe(error: BaseException | None) -> str:
    """An error in one line of at most 300 characters."""
    return " ".join(str(error).split())[:300]
