"""Settings of the feature job."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class FeaturesSettings(BaseSettings):
    """FEATURES_INTERVAL, seconds from one writing of a user's features to the next, and FEATURES_READY_FILE,
    touched every other second once all features have been written."""

    model_config = SettingsConfigDict(env_prefix="FEATURES_", env_ignore_empty=True)

    interval: float = Field(default=60.0, ge=0.1, le=3_600)
    ready_file: Path | None = None
