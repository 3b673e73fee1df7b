"""Who depends on whom, where telemetry does not tell it or tells it wrong."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator

from config.errors import wrong
from config.quantities import Name
from config.strict import Strict, default

MOST = 200
"""Entries at most: the collector compares each call with each address."""

_ADDRESS = r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,252}(:[0-9]{1,5})?"


def _check_addresses(value: Any) -> Any:
    if isinstance(value, dict):
        _check_number(value)
        for address in value:
            if not isinstance(address, str) or not re.fullmatch(_ADDRESS, address):
                raise wrong("is not an address", "write a host, or host:port, as calls have it", [address])
    return value


def _check_calls(value: Any) -> Any:
    if isinstance(value, dict):
        _check_number(value)
    return value


def _check_number(value: dict[Any, Any]) -> None:
    if len(value) > MOST:
        raise wrong("has too many entries", f"write at most {MOST}")


class Topology(Strict):
    """What is added to the calls that spans tell of, and how the diagnosis reads them."""

    addresses: Annotated[Mapping[str, Name], BeforeValidator(_check_addresses)] = default({})
    """Who answers at a `host` or `host:port`: a service by its service.name, or any name."""
    calls: Annotated[Mapping[Name, tuple[Name, ...]], BeforeValidator(_check_calls)] = default({})
    """Services that a service calls without spans of it, by their service.name."""
    recorded: bool = default(False)
    """Whether rules record every 10 s what a diagnosis asks: it pays from some hundred processes on."""
