"""Where object storage is and who may use it."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class StorageSettings(BaseSettings):
    """A service's own access to the bucket, from STORAGE_*; keys have no default."""

    model_config = SettingsConfigDict(env_prefix="STORAGE_")

    endpoint: str = Field(default="http://127.0.0.1:9100", pattern=r"^https?://[^/]+$")
    bucket: str = Field(default="whence", pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    access_key: str = Field(min_length=3)
    secret_key: SecretStr = Field(min_length=8)


class SetupSettings(BaseSettings):
    """What the one-time set-up needs: root credentials, and the three users it creates."""

    storage_endpoint: str = Field(default="http://127.0.0.1:9100", pattern=r"^https?://[^/]+$")
    storage_bucket: str = Field(default="whence", pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    storage_setup_wait: float = Field(default=60.0, gt=0, le=600, description="seconds")
    minio_root_user: str = Field(min_length=3)
    minio_root_password: SecretStr = Field(min_length=8)
    recommender_s3_access_key: str = Field(min_length=3)
    recommender_s3_secret_key: SecretStr = Field(min_length=8)
    trainer_s3_access_key: str = Field(min_length=3)
    trainer_s3_secret_key: SecretStr = Field(min_length=8)
    features_s3_access_key: str = Field(min_length=3)
    features_s3_secret_key: SecretStr = Field(min_length=8)

    def root(self) -> StorageSettings:
        """The same storage as its root user."""
        return StorageSettings(
            endpoint=self.storage_endpoint,
            bucket=self.storage_bucket,
            access_key=self.minio_root_user,
            secret_key=self.minio_root_password,
        )
