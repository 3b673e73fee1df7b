"""Where OpenLineage events go: into a file, and to a server such as Marquez or DataHub if one is named.

Nothing that is done waits long or fails for want of its lineage.
"""

import json
from pathlib import Path
from typing import Annotated

import httpx
from pydantic import AfterValidator, Field, SecretStr, StringConstraints
from pydantic_settings import BaseSettings, SettingsConfigDict

from decisions.files import append_line
from decisions.lineage.events import Event

LARGEST = 65_536
"""Bytes of an event."""

TIMEOUT = 5.0
RETRIES = 2
"""Of a connection that cannot be made."""

Address = Annotated[
    str,
    StringConstraints(pattern=r"^(https?://[^\s/]+.*)?$"),
    AfterValidator(lambda address: address.rstrip("/")),
]


class LineageSettings(BaseSettings):
    """LINEAGE_FILE, and the variables of any OpenLineage client: OPENLINEAGE_URL and OPENLINEAGE_API_KEY."""

    model_config = SettingsConfigDict(env_ignore_empty=True)

    lineage_file: Path = Path("data/decisions/lineage.jsonl")
    openlineage_url: Address = ""
    openlineage_api_key: Annotated[SecretStr, Field()] = SecretStr("")


class Emitter:
    """Writes events."""

    def __init__(self, settings: LineageSettings, transport: httpx.BaseTransport | None = None) -> None:
        self._settings = settings
        self._transport = transport

    def emit(self, event: Event) -> list[str]:
        """Write an event wherever it goes; what went wrong, in a line each."""
        line = json.dumps(event, separators=(",", ":")).encode()
        if len(line) > LARGEST:
            return [f"a lineage event takes {len(line):,} bytes, of {LARGEST:,}: it was not written"]
        return [*self._write(line), *(self._send(line) if self._settings.openlineage_url else ())]

    def _write(self, line: bytes) -> list[str]:
        try:
            append_line(self._settings.lineage_file, line)
        except OSError as error:
            return [f"{self._settings.lineage_file} cannot be written: {error.strerror or error}"]
        return []

    def _send(self, line: bytes) -> list[str]:
        address = f"{self._settings.openlineage_url}/api/v1/lineage"
        key = self._settings.openlineage_api_key.get_secret_value()
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
        transport = self._transport or httpx.HTTPTransport(retries=RETRIES)
        try:
            with httpx.Client(transport=transport, timeout=TIMEOUT) as client:
                client.post(address, content=line, headers=headers).raise_for_status()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return [f"lineage was not sent to {address}: {error or type(error).__name__}"]
        return []
