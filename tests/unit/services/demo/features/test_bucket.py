"""Objects over one connection, signed as Amazon's own library would."""

from datetime import UTC, datetime
from unittest.mock import patch

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from pydantic import SecretStr

from services.demo.features.bucket import Bucket, BucketError
from services.demo.features.signing import Signer
from services.demo.storage.settings import StorageSettings
from tests.unit.services.demo.features.fake_s3 import FakeS3


@pytest.mark.parametrize(("method", "body"), [("GET", b""), ("PUT", b'{"user_id": 1}')])
def test_the_signature_is_that_of_botocore(method: str, body: bytes) -> None:
    host, path = "127.0.0.1:9100", "/whence/features/als32-1a2b3c/17.json"
    own = Signer("reader", "secret-secret").sign(method, host, path, body, datetime.now(UTC))
    names = ("x-amz-content-sha256", "host", "x-amz-date")
    theirs = AWSRequest(
        method, f"http://{host}{path}", data=body, headers={name: own[name] for name in names}
    )
    theirs.context["timestamp"] = own["x-amz-date"]
    auth = S3SigV4Auth(Credentials("reader", "secret-secret"), "s3", "us-east-1")
    request = auth.canonical_request(theirs)
    signature = auth.signature(auth.string_to_sign(theirs, request), theirs)
    assert own["authorization"].endswith(f"Signature={signature}")


def test_what_is_written_can_be_read_over_one_connection(s3: FakeS3) -> None:
    bucket = s3.connect()
    bucket.write("features/a/1.json", b"{}")
    assert bucket.read("features/a/1.json") == b"{}"
    assert bucket.read("features/a/2.json") is None
    assert s3.connections == 1
    bucket.close()


def test_the_bucket_may_be_named_in_front_of_the_host() -> None:
    settings = StorageSettings(
        endpoint="https://s3.example.com",
        bucket="ours",
        addressing="virtual",
        access_key="job",
        secret_key=SecretStr("secret-secret"),
    )
    with patch("http.client.HTTPSConnection.request", side_effect=ConnectionRefusedError) as request:
        with pytest.raises(BucketError):
            Bucket(settings).read("live.json")
    method, path, _, headers = request.call_args.args
    assert (method, path, headers["host"]) == ("GET", "/live.json", "ours.s3.example.com")


def test_a_connection_that_was_closed_is_made_again(s3: FakeS3) -> None:
    bucket = s3.connect()
    s3.hang_up = True
    for user in range(3):
        bucket.write(f"features/a/{user}.json", b"{}")
    assert len(s3.written) == 3
    bucket.close()


def test_a_refusal_names_the_object_and_the_reason(s3: FakeS3) -> None:
    s3.refuse["features/a/1.json"] = 503
    bucket = s3.connect()
    with pytest.raises(BucketError, match=r"PUT features/a/1\.json: HTTP 503: .*SlowDown"):
        bucket.write("features/a/1.json", b"{}")
    bucket.close()


def test_storage_that_is_away_is_an_error_not_a_wait(s3: FakeS3) -> None:
    s3.url = "http://127.0.0.1:9"
    with pytest.raises(BucketError, match="ConnectionRefusedError"):
        s3.connect().read("live.json")
