"""Where object storage is and who may use it."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

Endpoint = Annotated[str, Field(pattern=r"^https?://[^/]+$")]
BucketName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
Addressing = Literal["path", "virtual"]
"""Whether the bucket is named in the path or in front of the host."""
PROXY = "http://127.0.0.1:9100"


class StorageSettings(BaseSettings):
    """A service's own access to the bucket, from STORAGE_*; keys have no default."""

    model_config = SettingsConfigDict(env_prefix="STORAGE_")

    endpoint: Endpoint = PROXY
    bucket: BucketName = "whence"
    region: str = "us-east-1"
    addressing: Addressing = "path"
    access_key: str = Field(min_length=3)
    secret_key: SecretStr = Field(min_length=8)


class SetupSettings(BaseSettings):
    """What the one-time set-up needs: root credentials, and the users it creates in MinIO: three, and Thanos
    in the distributed stack.

    In storage that is `external`, not the stack's MinIO, all of them have the same keys and none is created.
    """

    storage_endpoint: Endpoint = PROXY
    storage_bucket: BucketName = "whence"
    storage_region: str = "us-east-1"
    storage_addressing: Addressing = "path"
    storage_external: bool = False
    storage_setup_wait: float = Field(default=60.0, gt=0, le=600, description="seconds")
    minio_root_user: str = Field(min_length=3)
    minio_root_password: SecretStr = Field(min_length=8)
    recommender_s3_access_key: str = Field(min_length=3)
    recommender_s3_secret_key: SecretStr = Field(min_length=8)
    trainer_s3_access_key: str = Field(min_length=3)
    trainer_s3_secret_key: SecretStr = Field(min_length=8)
    features_s3_access_key: str = Field(min_length=3)
    features_s3_secret_key: SecretStr = Field(min_length=8)
    thanos_s3_access_key: str = ""
    thanos_s3_secret_key: SecretStr = SecretStr("")

    def root(self) -> StorageSettings:
        """The same storage as its root user."""
        return StorageSettings(
            endpoint=self.storage_endpoint,
            bucket=self.storage_bucket,
            region=self.storage_region,
            addressing=self.storage_addressing,
            access_key=self.minio_root_user,
            secret_key=self.minio_root_password,
        )
