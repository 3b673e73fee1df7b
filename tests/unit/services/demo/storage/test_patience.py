"""Waiting for storage: for what may pass, not for refusals, and not for ever."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from services.demo.storage.patience import StorageAway, wait_out


def answer(status: int, code: str = "X") -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}},
        "PutObject",
    )


@pytest.mark.parametrize(
    "problem", [answer(503), answer(500), EndpointConnectionError(endpoint_url="http://x")]
)
def test_it_tries_again_while_storage_is_away(problem: Exception) -> None:
    problems = [problem]

    def act() -> str:
        if problems:
            raise problems.pop()
        return "done"

    assert wait_out(act, seconds=10) == "done"


def test_a_refusal_is_raised_at_once() -> None:
    calls = []

    def act() -> None:
        calls.append(1)
        raise answer(403, "AccessDenied")

    with pytest.raises(ClientError, match="AccessDenied"):
        wait_out(act, seconds=10)
    assert len(calls) == 1


def test_it_gives_up_with_one_line() -> None:
    def act() -> None:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9100")

    with pytest.raises(StorageAway, match="did not answer within 0.1 s .*is it running") as error:
        wait_out(act, seconds=0.1)
    assert "\n" not in str(error.value)
