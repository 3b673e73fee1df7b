"""The error type of every way in which an operation on storage fails."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from botocore import exceptions as b
from pydantic import SecretStr
from urllib3 import exceptions as u

from services.demo.recommender.object_reader import Outcome, classify
from services.demo.storage.client import ObjectStore, make_client, read_object
from services.demo.storage.errors import advise, find_error_type
from services.demo.storage.settings import StorageSettings
from tests.unit.services.demo.storage.test_client import FakeS3, serve_s3

ANSWERS = [
    ("SlowDown", 503, "throttled"),
    ("ServiceUnavailable", 503, "throttled"),
    ("", 503, "server_error"),
    ("XMinioServerNotInitialized", 503, "server_error"),
    ("TooManyRequests", 429, "throttled"),
    ("AccessDenied", 403, "credentials"),
    ("ExpiredToken", 400, "credentials"),
    ("InvalidAccessKeyId", 403, "credentials"),
    ("SignatureDoesNotMatch", 403, "credentials"),
    ("", 403, "credentials"),
    ("RequestTimeTooSkewed", 403, "clock_skew"),
    ("AuthorizationHeaderMalformed", 400, "wrong_region"),
    ("PermanentRedirect", 301, "wrong_region"),
    ("NoSuchBucket", 404, "missing"),
    ("RequestTimeout", 400, "connection_broken"),
    ("InternalError", 500, "server_error"),
    ("InvalidArgument", 400, "rejected"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[type[FakeS3]]:
    with serve_s3() as fake:
        yield fake


def connect(url: str, read_timeout: float = 10) -> ObjectStore:
    settings = StorageSettings(
        endpoint=url, bucket="whence", access_key="reader", secret_key=SecretStr("secret-secret")
    )
    return make_client(settings, connect_timeout=10, read_timeout=read_timeout, max_pool=2)


@pytest.fixture(scope="module")
def client(server: Any) -> ObjectStore:
    return connect(server.url)


def fail(client: ObjectStore) -> Exception:
    """What reading an object raises."""
    try:
        read_object(client, "whence", "key")
    except Exception as error:
        return error
    raise AssertionError("it was read")


@pytest.mark.parametrize(("code", "status", "kind"), ANSWERS, ids=[f"{c}-{s}" for c, s, _ in ANSWERS])
def test_the_code_of_an_answer_decides(
    server: Any, client: ObjectStore, code: str, status: int, kind: str
) -> None:
    body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode() if code else b""
    server.answers[("GET", "/whence/key")] = (status, body)
    error = fail(client)
    assert find_error_type(error) == kind
    read = classify(error, 0.1)
    assert (read.outcome, read.error_type, read.status) == (Outcome.ERROR, kind, status)


def test_nobody_there_and_silence_are_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        silent = classify(fail(connect(url, 0.3)), 0.1)
    assert (silent.outcome, silent.error_type) == (Outcome.TIMEOUT, "read_timeout")
    assert classify(fail(connect(url)), 0.1).error_type == "unreachable"


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (b"", "connection_broken"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "connection_broken"),
    ],
)
def test_a_connection_that_breaks_off_is_told_apart(sent: bytes, kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(sent)

        thread = threading.Thread(target=answer)
        thread.start()
        error = fail(connect(f"http://127.0.0.1:{listener.getsockname()[1]}"))
        thread.join()
    assert find_error_type(error) == kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (b.ConnectTimeoutError(endpoint_url="x"), "connect_timeout"),
        (b.ReadTimeoutError(endpoint_url="x"), "read_timeout"),
        (b.EndpointConnectionError(endpoint_url="x"), "unreachable"),
        (b.ConnectionClosedError(endpoint_url="x"), "connection_broken"),
        (b.IncompleteReadError(actual_bytes=1, expected_bytes=2), "connection_broken"),
        (b.ResponseStreamingError(error=u.ProtocolError("x")), "connection_broken"),
        (b.SSLError(endpoint_url="x", error="x"), "connection_broken"),
        (b.HTTPClientError(error=u.EmptyPoolError(None, "pool is full")), "connection_pool"),  # type: ignore[arg-type]
        (b.HTTPClientError(error=ValueError("x")), "connection_broken"),
        (b.HTTPClientError(error="x"), "connection_broken"),
        (b.NoCredentialsError(), "credentials"),
        (ConnectionResetError(), "connection_broken"),
        (ValueError("x"), "_OTHER"),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Exception) else each,
)
def test_every_exception_of_botocore_has_a_type(error: Exception, kind: str) -> None:
    assert find_error_type(error) == kind


def test_the_advice_fits_the_type() -> None:
    assert "STORAGE_REGION" in advise(fail_with("AuthorizationHeaderMalformed", 400))
    assert "clock" in advise(fail_with("RequestTimeTooSkewed", 403))


def fail_with(code: str, status: int) -> b.ClientError:
    return b.ClientError(
        {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}},
        "GetObject",
    )
