"""A bounded S3 client, and the few operations of it that Whence uses, typed."""

from collections.abc import Mapping
from typing import Any, Protocol, TypedDict, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from services.demo.storage.settings import StorageSettings

StorageError = (ClientError, BotoCoreError)
"""All an operation raises: ClientError if storage answered with an error, BotoCoreError if not at all."""


class Body(Protocol):
    """The unread content of an object."""

    def read(self) -> bytes: ...


class GetObjectOutput(TypedDict):
    """The part of GetObject's answer that is used."""

    Body: Body


class ObjectStore(Protocol):
    """What Whence uses of boto3's S3 client. Thread-safe."""

    def get_object(self, *, Bucket: str, Key: str) -> GetObjectOutput: ...

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> Mapping[str, Any]: ...

    def head_bucket(self, *, Bucket: str) -> Mapping[str, Any]: ...

    def create_bucket(self, *, Bucket: str) -> Mapping[str, Any]: ...


def make_client(
    settings: StorageSettings, *, connect_timeout: float, read_timeout: float, max_pool: int
) -> ObjectStore:
    """Make an S3 client that tries once; timeouts in seconds, at most `max_pool` connections are kept.

    Its operations raise one of `StorageError`. Proxy variables of the environment are ignored.
    """
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": settings.addressing},
        retries={"total_max_attempts": 1},
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        max_pool_connections=max_pool,
        proxies={},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=settings.endpoint,
        region_name=settings.region,
        aws_access_key_id=settings.access_key,
        aws_secret_access_key=settings.secret_key.get_secret_value(),
        config=config,
    )
    return cast(ObjectStore, client)


def read_object(store: ObjectStore, bucket: str, key: str) -> bytes | None:
    """Return an object's bytes, or None where there is none; other failures raise one of `StorageError`."""
    try:
        return store.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error_code(error) == "NoSuchKey":
            return None
        raise


def list_keys(store: ObjectStore, bucket: str, prefix: str) -> list[str]:
    """The keys that begin so; failures raise one of `StorageError`."""
    pages = cast(Any, store).get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [entry["Key"] for page in pages for entry in page.get("Contents", ())]


def error_code(error: ClientError) -> str:
    """The S3 error code, such as NoSuchKey or AccessDenied."""
    return str(error.response.get("Error", {}).get("Code", ""))
