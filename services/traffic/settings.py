"""Settings of the traffic service."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

FASTEST = 500.0
"""The highest rate one traffic process is meant for, in requests per second."""


class TrafficSettings(BaseSettings):
    """TRAFFIC_RATE in requests per second, TRAFFIC_SEED, RECOMMENDER_URL."""

    model_config = SettingsConfigDict(env_prefix="TRAFFIC_")

    rate: float = Field(default=20.0, gt=0, le=FASTEST)
    seed: int = Field(default=1, ge=0)
    url: str = Field(
        default="http://127.0.0.1:8000", pattern=r"^https?://[^/]+/?$", validation_alias="RECOMMENDER_URL"
    )
