"""One-time set-up of object storage: the bucket, and one user with its own policy per service. Idempotent."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar
from urllib.parse import urlsplit

import structlog
from botocore.exceptions import BotoCoreError, ClientError
from minio import MinioAdmin
from minio.credentials.providers import StaticProvider
from minio.error import MinioAdminException
from tenacity import RetryError, Retrying, retry_if_exception, stop_after_delay, wait_exponential
from urllib3 import PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError

from services.storage.client import ObjectStore, error_code, make_client
from services.storage.policies import make_policy
from services.storage.settings import SetupSettings

log = structlog.get_logger()
ResultT = TypeVar("ResultT")
_REQUEST_TIMEOUT = 5.0


class SetupFailed(RuntimeError):
    """The set-up could not be done; the message says why and what to do."""


def set_up(settings: SetupSettings) -> None:
    """Create what is missing: bucket, policies, users. Raises `SetupFailed`."""
    client = make_client(
        settings.root(), connect_timeout=_REQUEST_TIMEOUT, read_timeout=_REQUEST_TIMEOUT, max_pool=2
    )
    created = patiently(settings, partial(ensure_bucket, client, settings.storage_bucket))
    log.info("bucket ready", bucket=settings.storage_bucket, created=created)
    admin = make_admin(settings)
    users = {
        "recommender": (settings.recommender_s3_access_key, settings.recommender_s3_secret_key),
        "trainer": (settings.trainer_s3_access_key, settings.trainer_s3_secret_key),
    }
    for name, (access_key, secret_key) in users.items():
        policy = make_policy(name, settings.storage_bucket)
        patiently(settings, partial(admin.policy_add, name, policy=policy))
        patiently(settings, partial(admin.user_add, access_key, secret_key.get_secret_value()))
        patiently(settings, partial(admin.policy_set, name, user=access_key))
        log.info("user ready", policy=name)


def ensure_bucket(client: ObjectStore, bucket: str) -> bool:
    """Create the bucket unless it is there; True if it was created."""
    try:
        client.head_bucket(Bucket=bucket)
        return False
    except ClientError as error:
        if error_code(error) not in ("404", "NoSuchBucket"):
            raise
    client.create_bucket(Bucket=bucket)
    return True


def make_admin(settings: SetupSettings) -> MinioAdmin:
    """MinIO's administration client as root, one try per call."""
    endpoint = urlsplit(settings.storage_endpoint)
    return MinioAdmin(
        endpoint=endpoint.netloc,
        secure=endpoint.scheme == "https",
        credentials=StaticProvider(settings.minio_root_user, settings.minio_root_password.get_secret_value()),
        http_client=PoolManager(timeout=Timeout(total=_REQUEST_TIMEOUT), retries=Retry(total=0)),
    )


def patiently(settings: SetupSettings, act: Callable[[], ResultT]) -> ResultT:
    """Call `act` until storage answers, at most `storage_setup_wait` seconds; raises `SetupFailed`."""
    retrying = Retrying(
        retry=retry_if_exception(_is_away),
        wait=wait_exponential(multiplier=0.2, max=2.0),
        stop=stop_after_delay(settings.storage_setup_wait),
    )
    try:
        return retrying(act)
    except RetryError as timeout:
        raise SetupFailed(
            f"object storage at {settings.storage_endpoint} did not answer within"
            f" {settings.storage_setup_wait:g} s ({_brief(timeout.last_attempt.exception())});"
            " is it running, and the proxy in front of it?"
        ) from timeout
    except (ClientError, MinioAdminException) as refused:
        raise SetupFailed(
            f"object storage at {settings.storage_endpoint} refused: {_brief(refused)};"
            " check MINIO_ROOT_USER and MINIO_ROOT_PASSWORD against those it was started with"
        ) from refused


def _is_away(error: BaseException) -> bool:
    if isinstance(error, ClientError):
        status: int = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return status >= 500
    if isinstance(error, MinioAdminException):
        return "Status: 5" in str(error)
    return isinstance(error, (BotoCoreError, HTTPError, OSError))


def _brief(error: BaseException | None) -> str:
    return " ".join(str(error).split())[:300]
