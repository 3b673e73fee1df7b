"""Where the flag file is, and the shadow's beside it."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class FlagSettings(BaseSettings):
    """FLAGS_FILE, or flags/flags.json under DATA_DIR."""

    model_config = SettingsConfigDict(env_ignore_empty=True, populate_by_name=True)

    data_dir: Path = Path("data")
    named: Path | None = Field(default=None, validation_alias="FLAGS_FILE")

    @property
    def file(self) -> Path:
        """The path of the flag file, which need not exist."""
        return self.named or self.data_dir / "flags" / "flags.json"

    @property
    def shadow_file(self) -> Path:
        """The path of the file that says what answers in the shadow, which need not exist."""
        return self.file.with_name("shadow.json")
