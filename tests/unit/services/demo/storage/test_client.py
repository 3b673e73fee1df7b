"""The client and the set-up against a real HTTP server that answers as S3 would."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pydantic import SecretStr

from services.demo.storage.client import StorageError, make_client, read_object
from services.demo.storage.settings import SetupSettings, StorageSettings
from services.demo.storage.setup import SetupFailed, ensure_bucket, set_up

SECRET = SecretStr("secret-secret")


class FakeS3(BaseHTTPRequestHandler):
    """Answers from `answers`: (method, path) → (status, body); else 404 NoSuchKey. Records what was asked."""

    answers: dict[tuple[str, str], tuple[int, bytes]]
    asked: list[tuple[str, str]]
    authorizations: list[str]

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.asked.append((self.command, self.path))
        self.authorizations.append(self.headers["Authorization"])
        missing = (404, b"<Error><Code>NoSuchKey</Code></Error>")
        status, body = self.answers.get((self.command, self.path), missing)
        self.send_response(status)
        self.send_header("Content-Length", "0" if self.command == "HEAD" else str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_PUT = do_HEAD = do_POST = answer

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serve_s3() -> Iterator[type[FakeS3]]:
    handler = type("Handler", (FakeS3,), {"answers": {}, "asked": [], "authorizations": [], "url": ""})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        handler.url = f"http://127.0.0.1:{http.server_port}"  # type: ignore[attr-defined]
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield handler
        http.shutdown()
        thread.join()


@pytest.fixture
def server() -> Iterator[type[FakeS3]]:
    with serve_s3() as fake:
        yield fake


def make(url: str) -> Any:
    settings = StorageSettings(endpoint=url, bucket="whence", access_key="reader", secret_key=SECRET)
    return make_client(settings, connect_timeout=1, read_timeout=1, max_pool=2)


def make_setup(url: str, wait: float) -> SetupSettings:
    return SetupSettings(
        storage_endpoint=url,
        storage_setup_wait=wait,
        minio_root_user="root",
        minio_root_password=SECRET,
        recommender_s3_access_key="reader",
        recommender_s3_secret_key=SECRET,
        trainer_s3_access_key="writer",
        trainer_s3_secret_key=SECRET,
        features_s3_access_key="refresher",
        features_s3_secret_key=SECRET,
    )


def test_it_reads_by_path_with_signature_4(server: Any) -> None:
    server.answers["GET", "/whence/live.json"] = (200, b'{"version": "a"}')
    assert read_object(make(server.url), "whence", "live.json") == b'{"version": "a"}'
    assert server.authorizations[0].startswith("AWS4-HMAC-SHA256 Credential=reader/")


def test_an_object_that_is_not_there_is_none(server: Any) -> None:
    assert read_object(make(server.url), "whence", "nothing") is None


def test_an_error_is_raised_after_one_try(server: Any) -> None:
    server.answers["GET", "/whence/live.json"] = (503, b"<Error><Code>SlowDown</Code></Error>")
    with pytest.raises(ClientError, match="SlowDown"):
        read_object(make(server.url), "whence", "live.json")
    assert len(server.asked) == 1


def test_proxy_variables_do_not_lead_storage_astray(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    server.answers["GET", "/whence/live.json"] = (200, b"here")
    assert read_object(make(server.url), "whence", "live.json") == b"here"


def test_no_server_is_a_storage_error() -> None:
    with pytest.raises(StorageError):
        read_object(make("http://127.0.0.1:1"), "whence", "live.json")


@pytest.mark.parametrize(("status", "created"), [(200, False), (404, True)])
def test_the_bucket_is_created_once(server: Any, status: int, created: bool) -> None:
    server.answers |= {("HEAD", "/whence"): (status, b""), ("PUT", "/whence"): (200, b"")}
    assert ensure_bucket(make(server.url), "whence") is created
    assert (("PUT", "/whence") in server.asked) is created


def test_setup_says_where_it_waited_in_vain() -> None:
    with pytest.raises(SetupFailed, match=r"http://127\.0\.0\.1:1: .*did not answer within 0\.1 s"):
        set_up(make_setup("http://127.0.0.1:1", wait=0.1))


def test_setup_of_the_users_own_storage_asks_for_its_settings(server: Any) -> None:
    server.answers["HEAD", "/whence"] = (403, b"")
    settings = make_setup(server.url, wait=30).model_copy(update={"storage_external": True})
    with pytest.raises(SetupFailed, match="refused: .*check STORAGE_ACCESS_KEY, STORAGE_SECRET_KEY"):
        set_up(settings)


def test_setup_does_not_wait_when_the_password_is_wrong(server: Any) -> None:
    server.answers["HEAD", "/whence"] = (403, b"")
    with pytest.raises(SetupFailed, match=r"refused: .*check MINIO_ROOT_USER and MINIO_ROOT_PASSWORD"):
        set_up(make_setup(server.url, wait=30))
    assert len(server.asked) == 1
