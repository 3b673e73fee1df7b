"""Settings from the environment, with errors that name the variable."""

from typing import TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings

SettingsT = TypeVar("SettingsT", bound=BaseSettings)


def load_settings(settings_class: type[SettingsT]) -> SettingsT:
    """Read `settings_class` from the environment; exit 1 with one line naming each bad variable."""
    try:
        return settings_class()
    except ValidationError as invalid:
        raise SystemExit(f"configuration error: {_describe(settings_class, invalid)}") from None


def _describe(settings_class: type[BaseSettings], invalid: ValidationError) -> str:
    prefix = settings_class.model_config.get("env_prefix", "")
    return "; ".join(
        f"{prefix}{'.'.join(map(str, error['loc']))}".upper() + f": {error['msg']}"
        for error in invalid.errors()
    )
