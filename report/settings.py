"""Where the sources are, from the environment and `.env`."""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
Port = Annotated[int, Field(ge=1, le=65_535)]


class Settings(BaseSettings):
    """Each field is read from the variable of the same name in capitals; an address beats a port."""

    model_config = SettingsConfigDict(env_file=ROOT / ".env", extra="ignore", env_ignore_empty=True)

    prometheus_port: Port = 9090
    incidents_port: Port = 8010
    prometheus_url: str = ""
    incidents_url: str = ""
    incidents_token: Annotated[str, Field(repr=False)] = ""

    @property
    def prometheus(self) -> str:
        """Address of Prometheus' API."""
        return self.prometheus_url or f"http://127.0.0.1:{self.prometheus_port}"

    @property
    def incidents(self) -> str:
        """Address of the incidents service."""
        return self.incidents_url or f"http://127.0.0.1:{self.incidents_port}"
