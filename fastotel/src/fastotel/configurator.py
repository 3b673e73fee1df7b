"""What `opentelemetry-instrument` loads by OTEL_PYTHON_CONFIGURATOR=fast.

Its default configurator always sets the SDK's providers. If none is chosen, opentelemetry-instrument takes
the first configurator it finds; so this one hands over to the others unless it has been asked for.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from os import environ
from typing import Any

from opentelemetry import environment_variables as api
from opentelemetry import metrics, trace
from opentelemetry.sdk.environment_variables import OTEL_CONFIG_FILE
from opentelemetry.sdk.resources import Resource

from fastotel.configuration import meter_provider, tracer_provider
from fastotel.identity import NAME
from fastotel.settings import split_names

FAST = "fast"
CHOICES = ("OTEL_PYTHON_CONFIGURATOR", "OTEL_PYTHON_TRACER_PROVIDER", "OTEL_PYTHON_METER_PROVIDER")

_logger = logging.getLogger(__name__)


class Configurator:
    """Sets this package's tracer and meter providers; logs stay with the SDK."""

    def configure(self, **options: Any) -> None:
        """Configure the process by OTEL_*; `auto_instrumentation_version` goes into the resource."""
        if environ.get(OTEL_CONFIG_FILE):
            _logger.warning("fastotel reads no %s: the SDK's configurator does", OTEL_CONFIG_FILE)
        elif any(environ.get(choice) == FAST for choice in CHOICES):
            self._configure_fast(options.get("auto_instrumentation_version"))
            if split_names(api.OTEL_LOGS_EXPORTER, "none"):
                with _logs_only():
                    _hand_over(options)
            return
        _hand_over(options)

    def _configure_fast(self, version: str | None) -> None:
        resource = Resource.create({"telemetry.auto.version": version} if version else {})
        metrics.set_meter_provider(meter_provider(resource))
        trace.set_tracer_provider(tracer_provider(resource))


def _hand_over(options: dict[str, Any]) -> None:
    for found in entry_points(group="opentelemetry_configurator"):
        if found.name != FAST:
            found.load()().configure(**options)
            return
    _logger.warning("%s is not chosen and no other configurator is installed", NAME)


@contextmanager
def _logs_only() -> Iterator[None]:
    """While this holds, the SDK's configurator finds no exporter for spans and metrics.

    It still tries to set providers; the API keeps the first ones and warns, which is silenced here.
    """
    variables = (api.OTEL_TRACES_EXPORTER, api.OTEL_METRICS_EXPORTER)
    kept = {variable: environ.get(variable) for variable in variables}
    environ.update(dict.fromkeys(variables, "none"))
    logger = logging.getLogger("opentelemetry")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
        for variable, value in kept.items():
            environ.pop(variable) if value is None else environ.update({variable: value})
