"""The OTEL_* variables that the fast path itself has to read; the SDK's own parts read theirs."""

import logging
from os import environ
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from opentelemetry.sdk import environment_variables as names
from opentelemetry.util.re import parse_env_headers

from fastotel.sending import COMPRESSIONS, Target

CREDENTIALS = (
    "OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER",
    "OTEL_PYTHON_EXPORTER_OTLP_HTTP_TRACES_CREDENTIAL_PROVIDER",
)

_logger = logging.getLogger(__name__)


def split_names(variable: str, default: str) -> list[str]:
    """Return the names in a variable, without "none"."""
    given = environ.get(variable) or default
    return [name.strip() for name in given.split(",") if name.strip() and name.strip().lower() != "none"]


def read_number(variable: str, default: float) -> float:
    """Return the number in a variable; one that is none is logged and the default taken."""
    given = environ.get(variable)
    try:
        return float(given) if given else default
    except ValueError:
        _logger.warning("%s must be a number, not %r; %s is taken", variable, given, default)
        return default


def _for_traces(own: str, common: str) -> str | None:
    return environ.get(own) or environ.get(common) or None


def read_protocol(own: str) -> str:
    """Return the OTLP protocol of a signal whose variable is `own`; the specification's default if unset."""
    return (_for_traces(own, names.OTEL_EXPORTER_OTLP_PROTOCOL) or "http/protobuf").strip().lower()


def read_target() -> Target:
    """Return where OTEL_EXPORTER_OTLP_* and OTEL_EXPORTER_OTLP_TRACES_* send spans."""
    base = environ.get(names.OTEL_EXPORTER_OTLP_ENDPOINT) or "http://localhost:4318"
    compression = _for_traces(
        names.OTEL_EXPORTER_OTLP_TRACES_COMPRESSION, names.OTEL_EXPORTER_OTLP_COMPRESSION
    )
    compression = (compression or "none").strip().lower()
    if compression != "none" and compression not in COMPRESSIONS:
        _logger.warning("No compression, for %r is not known: use gzip or deflate", compression)
    headers = _for_traces(names.OTEL_EXPORTER_OTLP_TRACES_HEADERS, names.OTEL_EXPORTER_OTLP_HEADERS)
    seconds = read_number(names.OTEL_EXPORTER_OTLP_TIMEOUT, 10.0)
    return Target(
        endpoint=environ.get(names.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) or f"{base.rstrip('/')}/v1/traces",
        headers=parse_env_headers(headers or "", liberal=True),
        timeout=read_number(names.OTEL_EXPORTER_OTLP_TRACES_TIMEOUT, seconds),
        compression=compression,
        certificate=_for_traces(
            names.OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE, names.OTEL_EXPORTER_OTLP_CERTIFICATE
        ),
        client_certificate=_for_traces(
            names.OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE, names.OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE
        ),
        client_key=_for_traces(
            names.OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY, names.OTEL_EXPORTER_OTLP_CLIENT_KEY
        ),
    )


def needs_sdk_exporter(endpoint: str) -> bool:
    """Whether a proxy or a credential provider is in force, which only the SDK's exporter knows to use."""
    address = urlsplit(endpoint)
    proxied = address.scheme in getproxies() and not proxy_bypass(address.hostname or "")
    return proxied or any(environ.get(variable) for variable in CREDENTIALS)
