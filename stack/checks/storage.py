"""The user's own object storage: whether it answers and takes the keys."""

from collections.abc import Iterator

from pydantic import SecretStr

from services.demo.features.bucket import Bucket, BucketError
from services.demo.storage.artefacts import LIVE_KEY
from services.demo.storage.settings import StorageSettings
from stack.checks.finding import Finding, good, problem
from stack.settings import Settings

NO_BUCKET = "NoSuchBucket"


def check_storage(settings: Settings) -> Iterator[Finding]:
    """A finding on the storage that STORAGE_ENDPOINT names; none without: the stack starts its own."""
    if settings.external_storage:
        yield _check_bucket(settings)


def _check_bucket(settings: Settings) -> Finding:
    bucket = Bucket(find_storage(settings))
    where = f"{settings.storage_bucket} at {settings.storage_endpoint}"
    try:
        bucket.read(LIVE_KEY)
    except BucketError as error:
        if error.away:
            return problem(
                "Storage", f"{where} does not answer ({error})", "correct STORAGE_ENDPOINT in .env"
            )
        if NO_BUCKET not in str(error):
            remedy = (
                "correct STORAGE_ACCESS_KEY, STORAGE_SECRET_KEY, STORAGE_BUCKET or STORAGE_REGION in .env"
            )
            return problem("Storage", f"{where} refuses the keys ({_shorten(error)})", remedy)
        return good("Storage", f"{where} is made at the start")
    finally:
        bucket.close()
    return good("Storage", f"{where} answers and takes the keys")


def find_storage(settings: Settings) -> StorageSettings:
    """The user's bucket, asked directly."""
    return StorageSettings(
        endpoint=settings.storage_endpoint,
        bucket=settings.storage_bucket,
        region=settings.storage_region,
        addressing=settings.storage_addressing,
        access_key=settings.storage_access_key,
        secret_key=SecretStr(settings.storage_secret_key),
    )


def _shorten(error: BucketError) -> str:
    return " ".join(str(error).split())
