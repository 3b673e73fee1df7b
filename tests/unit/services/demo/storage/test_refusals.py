"""The error types of what a real MinIO refuses."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from services.demo.recommender.object_reader import Outcome, classify
from services.demo.storage.client import make_client, read_object
from services.demo.storage.settings import StorageSettings


def read_as(settings: StorageSettings, **changed: Any) -> tuple[Outcome, str | None, int | None]:
    """Outcome, error type and status of reading an object that is not there."""
    chosen = settings.model_copy(update=changed)
    client = make_client(chosen, connect_timeout=10, read_timeout=10, max_pool=1)
    try:
        assert read_object(client, chosen.bucket, "features/7") is None
    except Exception as error:
        read = classify(error, 0.0)
        return read.outcome, read.error_type, read.status
    return Outcome.OK, None, None


@pytest.mark.parametrize(
    ("changed", "error_type", "status"),
    [
        ({"access_key": "features"}, "credentials", 403),
        ({"access_key": "nobody"}, "credentials", 403),
        ({"secret_key": SecretStr("another-secret")}, "credentials", 403),
        ({"bucket": "another"}, "missing", 404),
    ],
    ids=["AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "NoSuchBucket"],
)
def test_refusals_have_their_types(
    minio: StorageSettings, changed: dict[str, Any], error_type: str, status: int
) -> None:
    assert read_as(minio, **changed) == (Outcome.ERROR, error_type, status)


def test_an_absent_object_is_no_error(minio: StorageSettings) -> None:
    assert read_as(minio) == (Outcome.OK, None, None)


def test_the_client_corrects_a_wrong_region_that_the_server_names(minio: StorageSettings) -> None:
    assert read_as(minio, region="us-west-2") == (Outcome.OK, None, None)


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_an_hour_off_is_named(
    minio: StorageSettings, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    now = datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=hours)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_, **__: now)
    assert read_as(minio) == (Outcome.ERROR, "clock_skew", 403)
