"""Telemetry's knobs, read from the standard OTEL_* environment variables."""

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class TelemetrySettings(BaseSettings):
    """Bounds of what a process keeps and how long it waits; times are in milliseconds.

    The span queue holds 13 s of 100 requests/s, or 68 s of 20 requests/s, at 6 spans each.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    disabled: bool = Field(default=False, validation_alias=AliasChoices("disabled", "OTEL_SDK_DISABLED"))
    endpoint: str = Field(
        default="http://127.0.0.1:4318",
        pattern=r"^https?://[^/]+(/.*)?$",
        validation_alias=AliasChoices("endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT"),
    )
    environment: str = Field(
        default="demo", validation_alias=AliasChoices("environment", "DEPLOYMENT_ENVIRONMENT")
    )
    metric_interval: int = Field(
        default=5_000,
        ge=100,
        validation_alias=AliasChoices("metric_interval", "OTEL_METRIC_EXPORT_INTERVAL"),
    )
    span_interval: int = Field(
        default=1_000, ge=10, validation_alias=AliasChoices("span_interval", "OTEL_BSP_SCHEDULE_DELAY")
    )
    span_queue: int = Field(
        default=8_192, ge=1, validation_alias=AliasChoices("span_queue", "OTEL_BSP_MAX_QUEUE_SIZE")
    )
    span_batch: int = Field(
        default=2_048, ge=1, validation_alias=AliasChoices("span_batch", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE")
    )
    attribute_length: int = Field(
        default=8_192,
        ge=1,
        validation_alias=AliasChoices("attribute_length", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"),
    )
