"""Asking Prometheus and Jaeger, with a time limit."""

from collections.abc import Mapping
from typing import Any

import httpx

TIMEOUT = 4.0
CONNECTIONS = 8


class SourceAway(Exception):
    """A source did not answer, or not with what was asked for; the message says which and how."""


class Source:
    """One HTTP API that answers in JSON with a `data` member."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address
        self._client = httpx.AsyncClient(
            base_url=address,
            timeout=TIMEOUT,
            limits=httpx.Limits(max_connections=CONNECTIONS),
            trust_env=False,
        )

    async def get(self, path: str, parameters: Mapping[str, str | int | float]) -> Any:
        """Return the answer's `data`, None if there is no such thing (404). Raises SourceAway."""
        try:
            answer = await self._client.get(path, params=dict(parameters))
            if answer.status_code == httpx.codes.NOT_FOUND:
                return None
            return answer.raise_for_status().json()["data"]
        except httpx.TimeoutException:
            raise SourceAway(
                f"{self.name} did not answer within {TIMEOUT:.0f} s at {self.address}."
            ) from None
        except httpx.HTTPStatusError as error:
            raise SourceAway(f"{self.name} answered with status {error.response.status_code}.") from None
        except httpx.HTTPError:
            raise SourceAway(f"{self.name} cannot be reached at {self.address}.") from None
        except (ValueError, KeyError, TypeError):
            raise SourceAway(f"{self.name} gave an answer that is not its API's.") from None

    async def close(self) -> None:
        """Drop the connections."""
        await self._client.aclose()
