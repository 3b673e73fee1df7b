"""Incidents move into a PostgreSQL outside of the stack by the commands in docs/containers.md; and a login.

In a file of its own, after those that count: each start here makes another container of the incidents.
"""

import json
import socket
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any, NamedTuple
from uuid import uuid4

import psycopg
import pytest

from tests.compose.live import ContainerStack
from tests.unit.services.incidents.postgres import Server, find_programs, running

OURS = "Kept Through Moves"
SECRET = f"{uuid4().hex} 'word' & $more"


class Database(NamedTuple):
    """A server of this machine, and its URL as containers have it, without the password."""

    server: Server
    url: str


@pytest.fixture(scope="module")
def database(stack: ContainerStack) -> Iterator[Database]:
    """Where containers of every network find this machine: at the gateway of the engine's own network."""
    address = find_gateway(stack, "bridge")
    try:
        socket.create_server((address, 0)).close()
    except OSError:
        pytest.skip(f"{address}, the gateway of the engine's network, is not an address of this machine")
    programs = find_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: on Debian, apt-get install postgresql")
    with running(programs, also_at=address) as server:
        server.admit("172.16.0.0/12", SECRET)
        yield Database(server, server.url_at(address))


def find_gateway(stack: ContainerStack, network: str) -> str:
    """The address of this machine in a network of the engine: the first, which a new engine does not name."""
    assert stack.engine
    (found,) = json.loads(stack.engine.docker("network", "inspect", network).stdout)
    return str(next(ip_network(found["IPAM"]["Config"][0]["Subnet"]).hosts()))


@pytest.fixture
def chosen(stack: ContainerStack) -> Iterator[dict[str, str]]:
    """Variables of `.env`; gone again at the end."""
    before = dict(stack.environment)
    yield stack.environment
    stack.environment.clear()
    stack.environment |= before
    stack.run("stack", "up", timeout=600)


def test_incidents_move_into_it_and_are_served_from_there_after_down_and_up(
    stack: ContainerStack, database: Database, chosen: dict[str, str], documented: dict[str, str]
) -> None:
    stack.send_alert(OURS)
    before = stack.alert(OURS)
    chosen |= {"INCIDENTS_DATABASE": database.url, "INCIDENTS_DATABASE_PASSWORD": SECRET}
    stack.follow(documented["Incidents in PostgreSQL"])
    assert before and stack.alert(OURS) == before
    stack.send_alert("After The Move")
    with psycopg.connect(database.server.url) as connection:
        stored = {name for (name,) in connection.execute("SELECT name FROM alerts")}
    assert stored >= {OURS, "After The Move"}
    stack.run("stack", "down")
    stack.run("stack", "up", timeout=600)
    assert stack.alert(OURS) == before
    assert stack.alert("After The Move")
    made = stack.run("stack", "token", "ci", "--role", "viewer").stdout
    assert "whence_" in made
    assert SECRET not in str([stack.inspect(service)["Config"] for service in stack.services(running=False)])


PAGE = {"Accept": "text/html"}


def test_a_login_by_a_proxy_is_demanded(stack: ContainerStack, chosen: dict[str, str]) -> None:
    here = find_gateway(stack, f"{stack.project}_whence")
    chosen |= {"INCIDENTS_LOGIN": "proxy", "PROXY_PEERS": here, "INCIDENTS_VIEWERS": "*"}
    stack.run("stack", "up", timeout=600)
    assert ask(stack, "/", PAGE) == ask(stack, "/api/incidents", {}) == 401
    assert ask(stack, "/", {**PAGE, "X-Forwarded-User": "ann"}) == 200
    stack.send_alert("With A Login")


def test_a_login_by_openid_connect_is_demanded_and_its_secret_is_in_a_file(
    stack: ContainerStack, chosen: dict[str, str]
) -> None:
    chosen |= {"INCIDENTS_LOGIN": "oidc", "INCIDENTS_VIEWERS": "*", "OIDC_ISSUER": "https://id.example.org"}
    chosen |= {"OIDC_CLIENT_ID": "whence", "OIDC_CLIENT_SECRET": SECRET}
    stack.run("stack", "up", timeout=600)
    assert ask(stack, "/", PAGE) == 303
    assert ask(stack, "/api/incidents", {"X-Forwarded-User": "ann"}) == 401
    read = stack.compose("exec", "-T", "incidents", "entrypoint", "printenv", "OIDC_CLIENT_SECRET")
    assert read == f"{SECRET}\n"
    assert SECRET not in str(stack.inspect("incidents")["Config"])


def ask(stack: ContainerStack, path: str, headers: dict[str, Any]) -> int:
    """The status of the answer."""
    return stack.http.get(f"{stack.url('incidents')}{path}", headers=headers).status_code
