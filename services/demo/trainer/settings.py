"""What can be set of the trainer."""

from pydantic import Field
from pydantic_settings import BaseSettings


class TrainerSettings(BaseSettings):
    """RECOMMENDER_K, which the recommender reads too: models are measured on lists as long as its own."""

    k: int = Field(default=10, ge=1, le=100, validation_alias="RECOMMENDER_K")
