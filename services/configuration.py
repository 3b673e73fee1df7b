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
        f"{_name_variable(str(error['loc'][0]), settings_class, prefix)}: {error['msg']}"
        for error in invalid.errors()
    )


def _name_variable(location: str, settings_class: type[BaseSettings], prefix: str) -> str:
    is_field = location in settings_class.model_fields
    return (prefix + location if is_field else location).upper()
