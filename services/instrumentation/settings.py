"""Telemetry's knobs, read from the standard OTEL_* environment variables."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class TelemetrySettings(BaseSettings):
    """Bounds of what a process keeps and how long it waits; times are in milliseconds.

    The span queue holds 13 s of 100 requests/s, or 68 s of 20 requests/s, at 6 spans each.
    """

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", populate_by_name=True, env_ignore_empty=True
    )

    disabled: bool = Field(default=False, validation_alias="OTEL_SDK_DISABLED")
    endpoint: str = Field(
        default="http://127.0.0.1:4318",
        pattern=r"^https?://[^/]+(/.*)?$",
        validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT",
    )
    environment: str = Field(default="demo", validation_alias="DEPLOYMENT_ENVIRONMENT")
    metric_interval: int = Field(
        default=5_000,
        ge=100,
        validation_alias="OTEL_METRIC_EXPORT_INTERVAL",
    )
    span_interval: int = Field(default=1_000, ge=10, validation_alias="OTEL_BSP_SCHEDULE_DELAY")
    span_queue: int = Field(default=8_192, ge=1, validation_alias="OTEL_BSP_MAX_QUEUE_SIZE")
    span_batch: int = Field(default=2_048, ge=1, validation_alias="OTEL_BSP_MAX_EXPORT_BATCH_SIZE")
    attribute_length: int = Field(
        default=8_192,
        ge=1,
        validation_alias="OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    )
