"""Settings of the traffic service."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

FASTEST = 500.0
"""The highest rate one traffic process is meant for, in requests per second."""


class TrafficSettings(BaseSettings):
    """TRAFFIC_RATE in requests per second, TRAFFIC_SEED, RECOMMENDER_URL, RECOMMENDER_K items per request.

    TRAFFIC_SUMMARY: seconds between two summaries in the log. TRAFFIC_BEHAVIOUR, or traffic/behaviour.json
    under DATA_DIR: the file that says where users behave otherwise than usual.
    """

    model_config = SettingsConfigDict(env_prefix="TRAFFIC_", env_ignore_empty=True)

    rate: float = Field(default=20.0, gt=0, le=FASTEST)
    seed: int = Field(default=1, ge=0)
    k: int = Field(default=10, ge=1, le=100, validation_alias="RECOMMENDER_K")
    summary: float = Field(default=60.0, ge=1, le=3600)
    behaviour: Path | None = None
    data_dir: Path = Field(default=Path("data"), validation_alias="DATA_DIR")
    url: str = Field(
        default="http://127.0.0.1:8000", pattern=r"^https?://[^/]+/?$", validation_alias="RECOMMENDER_URL"
    )

    @property
    def behaviour_file(self) -> Path:
        """The path of the behaviour file, which need not exist."""
        return self.behaviour or self.data_dir / "traffic" / "behaviour.json"
