"""Telemetry's knobs, read from the standard OTEL_* environment variables."""

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class TelemetrySettings(BaseSettings):
    """Bounds of what a process keeps and how long it waits; times in milliseconds, as OpenTelemetry's variables are."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    disabled: bool = Field(default=False, validation_alias=AliasChoices("disabled", "OTEL_SDK_DISABLED"))
    endpoint: str = Field(
        "http://127.0.0.1:4317", validation_alias=AliasChoices("endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT")
    )
    environment: str = Field("demo", validation_alias=AliasChoices("environment", "DEPLOYMENT_ENVIRONMENT"))
    metric_interval: int = Field(
        5_000, gt=0, validation_alias=AliasChoices("metric_interval", "OTEL_METRIC_EXPORT_INTERVAL")
    )
    span_interval: int = Field(
        1_000, gt=0, validation_alias=AliasChoices("span_interval", "OTEL_BSP_SCHEDULE_DELAY")
    )
    span_queue: int = Field(
        8_192, gt=0, validation_alias=AliasChoices("span_queue", "OTEL_BSP_MAX_QUEUE_SIZE")
    )
    span_batch: int = Field(
        1_024, gt=0, validation_alias=AliasChoices("span_batch", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE")
    )
