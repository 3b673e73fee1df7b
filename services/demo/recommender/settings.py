"""The recommender's knobs, read from the environment."""

from pathlib import Path

from pydantic import AliasChoices, Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MOST_ITEMS = 100
"""That one request may ask for."""


class RecommenderSettings(BaseSettings):
    """Times in seconds. Who does not say how many items gets `k`.

    A request waits for storage at most `storage_deadline`, a fetch lasts at most `storage_hard_limit`;
    features computed more than `feature_max_age` ago are not used. Several workers share the answers that
    feedback can arrive for in `shared_dir`, a folder on this machine that is theirs alone. Where a proxy has
    several recommenders behind it, `replica` is this one's number, with which its request ids begin: feedback
    has to come to the one that answered. What it keeps of clicks in the bucket begins with it, too.

    Answers in the shadow take at most `shadow_processor` of a processor in each worker, and none is begun
    while the event loop is `shadow_max_lag` late or `shadow_max_active` reads for users are under way.
    """

    model_config = SettingsConfigDict(env_prefix="RECOMMENDER_", frozen=True, populate_by_name=True)

    bind_host: str = Field(default="127.0.0.1", validation_alias=AliasChoices("bind_host", "BIND_HOST"))
    port: int = Field(default=8000, ge=1, le=65_535)

    replica: str = Field(default="", pattern=r"^[0-9]{0,3}$")

    workers: int = Field(default=1, ge=1, le=64, validation_alias=AliasChoices("workers", "WORKERS"))
    shared_dir: Path = Path("data/recommender")

    k: int = Field(default=10, ge=1, le=MOST_ITEMS)

    storage_deadline: float = Field(default=0.25, gt=0, le=10)
    storage_hard_limit: float = Field(default=5.0, gt=0, le=60)
    storage_concurrency: int = Field(default=32, ge=1, le=256)

    feature_max_age: float = Field(default=180.0, gt=0, le=31_536_000)

    stale_max_age: float = Field(default=10.0, ge=0, le=3_600)
    stale_capacity: int = Field(default=2_000, ge=1, le=1_000_000)

    attribution_window: float = Field(default=15.0, gt=0, le=3_600)
    feedback_retention: float = Field(default=300.0, gt=0, le=86_400)
    feedback_capacity: int = Field(default=20_000, ge=1, le=1_000_000)

    model_poll_interval: float = Field(default=5.0, gt=0, le=3_600)

    shadow_processor: float = Field(default=0.05, gt=0, le=1)
    shadow_max_lag: float = Field(default=0.01, gt=0, le=1)
    shadow_max_active: int = Field(default=8, ge=1, le=256)

    @field_validator("storage_hard_limit")
    @classmethod
    def _exceed_deadline(cls, limit: float, info: ValidationInfo) -> float:
        deadline = info.data.get("storage_deadline", 0.0)
        if limit <= deadline:
            raise ValueError(f"must be greater than the storage deadline ({deadline} s)")
        return limit

    @field_validator("feedback_retention")
    @classmethod
    def _outlast_window(cls, retention: float, info: ValidationInfo) -> float:
        window = info.data.get("attribution_window", 0.0)
        if retention < window:
            raise ValueError(f"must not be shorter than the attribution window ({window} s)")
        return retention
