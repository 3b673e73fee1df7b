"""One-time set-up of object storage: the bucket and, in MinIO, one user with its own policy per service.

Idempotent.
"""

from functools import partial
from typing import Any, cast
from urllib.parse import urlsplit

import structlog
from botocore.exceptions import ClientError
from minio import MinioAdmin
from minio.credentials.providers import StaticProvider
from minio.error import MinioAdminException
from urllib3 import PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError

from services.demo.storage.client import ObjectStore, error_code, make_client
from services.demo.storage.patience import StorageAway, describe, wait_out
from services.demo.storage.policies import make_policy
from services.demo.storage.settings import SetupSettings

log = structlog.get_logger()
_REQUEST_TIMEOUT = 5.0
_DEFAULT_REGION = "us-east-1"
"""The one region that S3 does not accept by name when a bucket is created."""


class SetupFailed(RuntimeError):
    """The set-up could not be done; the message says why and what to do."""


def set_up(settings: SetupSettings) -> None:
    """Create what is missing: bucket, policies, users. Raises `SetupFailed`."""
    try:
        _set_up_bucket(settings)
        if not settings.storage_external:
            _set_up_users(settings)
    except StorageAway as away:
        raise SetupFailed(f"{settings.storage_endpoint}: {away}") from away
    except (ClientError, MinioAdminException) as refused:
        raise SetupFailed(
            f"{settings.storage_endpoint}: object storage refused: {describe(refused)}; {_advise(settings)}"
        ) from refused


def _advise(settings: SetupSettings) -> str:
    if settings.storage_external:
        return "check STORAGE_ACCESS_KEY, STORAGE_SECRET_KEY, STORAGE_BUCKET and STORAGE_REGION"
    return "check MINIO_ROOT_USER and MINIO_ROOT_PASSWORD against those it was started with"


def ensure_bucket(client: ObjectStore, bucket: str, region: str = _DEFAULT_REGION) -> bool:
    """Create the bucket unless it is there; True if it was created."""
    try:
        client.head_bucket(Bucket=bucket)
        return False
    except ClientError as error:
        if error_code(error) not in ("404", "NoSuchBucket"):
            raise
    elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    cast(Any, client).create_bucket(Bucket=bucket, **({} if region == _DEFAULT_REGION else elsewhere))
    return True


def _set_up_bucket(settings: SetupSettings) -> None:
    client = make_client(
        settings.root(), connect_timeout=_REQUEST_TIMEOUT, read_timeout=_REQUEST_TIMEOUT, max_pool=1
    )
    ensure = partial(ensure_bucket, client, settings.storage_bucket, settings.storage_region)
    created = wait_out(ensure, seconds=settings.storage_setup_wait)
    log.info("bucket ready", bucket=settings.storage_bucket, created=created)


def _set_up_users(settings: SetupSettings) -> None:
    admin = _make_admin(settings)
    users = {
        "recommender": (settings.recommender_s3_access_key, settings.recommender_s3_secret_key),
        "trainer": (settings.trainer_s3_access_key, settings.trainer_s3_secret_key),
        "features": (settings.features_s3_access_key, settings.features_s3_secret_key),
    }
    if settings.thanos_s3_access_key:
        users["thanos"] = settings.thanos_s3_access_key, settings.thanos_s3_secret_key
    for name, (access_key, secret_key) in users.items():
        for step in (
            partial(admin.policy_add, name, policy=make_policy(name, settings.storage_bucket)),
            partial(admin.user_add, access_key, secret_key.get_secret_value()),
            partial(admin.policy_set, name, user=access_key),
        ):
            wait_out(step, seconds=settings.storage_setup_wait, is_away=_is_admin_away)
        log.info("user ready", policy=name)


def _make_admin(settings: SetupSettings) -> MinioAdmin:
    endpoint = urlsplit(settings.storage_endpoint)
    return MinioAdmin(
        endpoint=endpoint.netloc,
        secure=endpoint.scheme == "https",
        credentials=StaticProvider(settings.minio_root_user, settings.minio_root_password.get_secret_value()),
        http_client=PoolManager(timeout=Timeout(total=_REQUEST_TIMEOUT), retries=Retry(total=0)),
    )


def _is_admin_away(error: BaseException) -> bool:
    return isinstance(error, HTTPError) or (
        isinstance(error, MinioAdminException) and "Status: 5" in str(error)
    )
