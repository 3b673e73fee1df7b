"""Toxiproxy's HTTP API: toxics on the network between the recommender and its storage."""

from typing import Any

import httpx

from faults import FaultError
from stack.settings import load_settings

PROXY = "storage"


def add_toxic(name: str, kind: str, attributes: dict[str, int], toxicity: float = 1.0) -> None:
    """Adds a toxic to the storage's answers, replacing its namesake; `toxicity`: share of connections."""
    remove_toxic(name)
    body = {
        "name": name,
        "type": kind,
        "stream": "downstream",
        "toxicity": toxicity,
        "attributes": attributes,
    }
    response = _call("POST", f"/proxies/{PROXY}/toxics", body)
    if response.status_code != httpx.codes.OK:
        raise FaultError(f"Toxiproxy refused the toxic {name}: {response.text.strip()}")


def remove_toxic(name: str) -> None:
    """Removes a toxic; nothing happens when it is not there."""
    response = _call("DELETE", f"/proxies/{PROXY}/toxics/{name}")
    if response.status_code not in (httpx.codes.NO_CONTENT, httpx.codes.NOT_FOUND):
        raise FaultError(f"Toxiproxy did not remove the toxic {name}: {response.text.strip()}")


def switch(*, on: bool) -> None:
    """Opens the way to the storage, or closes it: connections are cut and new ones refused."""
    response = _call("POST", f"/proxies/{PROXY}", {"enabled": on})
    if response.status_code != httpx.codes.OK:
        raise FaultError(f"Toxiproxy did not switch the proxy: {response.text.strip()}")


def _call(method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
    address = load_settings().url("toxiproxy")
    try:
        return httpx.request(method, address + path, json=body, timeout=5)
    except httpx.HTTPError as error:
        raise FaultError(f"no Toxiproxy at {address} ({error}): start the stack with `make up`") from None
