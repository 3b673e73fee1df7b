"""The stack's bucket, for commands: straight from the storage, not through the proxy."""

from pydantic import SecretStr

from services.demo.storage.settings import StorageSettings
from stack.credentials import ensure_credentials
from stack.running.containers import read_credentials
from stack.running.current import in_containers
from stack.settings import load_settings


def find_storage() -> StorageSettings:
    """Where the bucket is, with the trainer's keys. Raises StackError."""
    settings, credentials = load_settings(), find_credentials()
    return StorageSettings(
        endpoint=settings.storage_endpoint or settings.url("minio"),
        bucket=settings.storage_bucket,
        region=settings.storage_region,
        addressing=settings.storage_addressing,
        access_key=credentials["TRAINER_S3_ACCESS_KEY"],
        secret_key=SecretStr(credentials["TRAINER_S3_SECRET_KEY"]),
    )


def find_credentials() -> dict[str, str]:
    """The stack's credentials by variable name. Raises StackError."""
    own = read_credentials() if in_containers() else ensure_credentials()
    return load_settings().choose_keys(own)
