"""What can be set from the environment."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_settings import BaseSettings, SettingsConfigDict

Address = Annotated[
    str,
    StringConstraints(pattern=r"^https?://[^\s/]+"),
    AfterValidator(lambda address: address.rstrip("/")),
]


class Settings(BaseSettings):
    """Each field is read from the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    bind_host: str = "127.0.0.1"
    ingest_port: Annotated[int, Field(ge=0, le=65_535)] = 4319
    prometheus_url: Address = "http://127.0.0.1:9090"
    series_per_service: Annotated[int, Field(ge=1)] = 10_000
    """Series of a service that are stored; a series without points for one to two hours no longer counts."""
    series_in_all: Annotated[int, Field(ge=1)] = 100_000
    """From so many on, a service gets no new ones above its equal share of them."""
