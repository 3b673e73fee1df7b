"""Toxiproxy's HTTP API: toxics on the network between the services and their storage."""

from typing import Any

import httpx

from faults import FaultError
from stack.settings import load_settings

PROXY = "storage"


def add_toxic(name: str, kind: str, attributes: dict[str, int]) -> None:
    """Adds a toxic to the storage's answers, on every connection, replacing its namesake."""
    _require_proxy()
    remove_toxic(name)
    body = {"name": name, "type": kind, "stream": "downstream", "toxicity": 1.0, "attributes": attributes}
    response = _call("POST", f"/proxies/{PROXY}/toxics", body)
    if response is None or response.status_code != httpx.codes.OK:
        raise FaultError(_explain(f"did not add the toxic {name}", response))


def remove_toxic(name: str) -> None:
    """Removes a toxic; nothing happens when it is not there, or no Toxiproxy: it keeps toxics in memory."""
    response = _call("DELETE", f"/proxies/{PROXY}/toxics/{name}")
    if response is not None and response.status_code not in (httpx.codes.NO_CONTENT, httpx.codes.NOT_FOUND):
        raise FaultError(_explain(f"did not remove the toxic {name}", response))


def close_way() -> None:
    """Closes the way to the storage: connections are cut and new ones refused."""
    _require_proxy()
    response = _call("POST", f"/proxies/{PROXY}", {"enabled": False})
    if response is None or response.status_code != httpx.codes.OK:
        raise FaultError(_explain("did not close the proxy", response))


def open_way() -> None:
    """Opens the way to the storage; without a Toxiproxy there is nothing to open: it starts with all open."""
    response = _call("POST", f"/proxies/{PROXY}", {"enabled": True})
    if response is not None and response.status_code != httpx.codes.OK:
        raise FaultError(_explain("did not open the proxy", response))


def _require_proxy() -> None:
    settings = load_settings()
    if not settings.storage_proxied:
        raise FaultError(
            f"storage at {settings.storage_endpoint} is not behind the proxy: no fault can be injected;"
            " it needs an http endpoint and STORAGE_ADDRESSING=path"
        )


def _call(method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response | None:
    """The answer, None when nobody listens."""
    address = load_settings().url("toxiproxy")
    try:
        return httpx.request(method, address + path, json=body, timeout=5, trust_env=False)
    except httpx.ConnectError:
        return None
    except httpx.HTTPError as error:
        raise FaultError(f"Toxiproxy at {address} does not answer ({error}): see `make status`") from None


def _explain(what: str, response: httpx.Response | None) -> str:
    if response is None:
        return f"no Toxiproxy at {load_settings().url('toxiproxy')}: start the stack with `make up`"
    return f"Toxiproxy {what}: {response.text.strip()}"
