"""Where the incidents pages can be reached, and who may come in; the stack passes these on from `.env`."""

from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings

from services.incidents.access.roles import Role

Network = IPv4Network | IPv6Network


def _check_networks(text: str) -> str:
    for each in split(text):
        ip_network(each)
    return text


def split(text: str) -> list[str]:
    """The entries of a list with commas."""
    return [entry.strip() for entry in text.split(",") if entry.strip()]


class AccessSettings(BaseSettings):
    """Each field is read from the variable of the same name in capitals; several entries have commas."""

    incidents_address: Literal["", "127.0.0.1", "0.0.0.0"] = "127.0.0.1"
    """Where they are published: for this machine alone, or for all that reach it."""
    incidents_login: Literal["", "oidc", "proxy"] = ""
    incidents_viewers: str = ""
    """Groups whose members are viewers; * is everybody who has logged in."""
    incidents_operators: str = ""
    incidents_admins: str = ""
    oidc_issuer: Annotated[str, Field(pattern=r"^(https?://[^\s/]+\S*)?$")] = ""
    oidc_client_id: str = ""
    oidc_client_secret: Annotated[str, Field(repr=False)] = ""
    """Empty for a public client."""
    oidc_scopes: str = "openid profile email"
    oidc_groups_claim: str = "groups"
    proxy_peers: Annotated[str, AfterValidator(_check_networks)] = ""
    """Addresses or networks of proxies whose headers are believed."""
    proxy_user_header: str = "X-Forwarded-User"
    proxy_groups_header: str = "X-Forwarded-Groups"

    @property
    def peers(self) -> tuple[Network, ...]:
        """The networks of the proxies."""
        return tuple(ip_network(each) for each in split(self.proxy_peers))

    @property
    def groups(self) -> dict[Role, set[str]]:
        """The groups that give a role, the highest role first."""
        return {
            Role.ADMIN: {*split(self.incidents_admins)},
            Role.OPERATOR: {*split(self.incidents_operators)},
            Role.VIEWER: {*split(self.incidents_viewers)},
        }

    def choose_role(self, groups: Collection[str]) -> Role | None:
        """The highest role that one of somebody's groups gives."""
        return next((role for role, named in self.groups.items() if named & {"*", *groups}), None)

    def find_problem(self, reach: str) -> str:
        """Why not to listen at `reach` with these settings, in one line; empty if that is safe."""
        if not self.incidents_login:
            danger = (
                f"the incidents pages would be open at {reach} without a login: set INCIDENTS_LOGIN=oidc or "
                "INCIDENTS_LOGIN=proxy (docs/access.md), or let them listen on 127.0.0.1"
            )
            return "" if is_loopback(reach) else danger
        if not any(self.groups.values()):
            return (
                "INCIDENTS_LOGIN lets nobody in: name groups in INCIDENTS_VIEWERS=, INCIDENTS_OPERATORS= "
                "or INCIDENTS_ADMINS="
            )
        if self.incidents_login == "proxy":
            return "" if self.peers else "INCIDENTS_LOGIN=proxy needs PROXY_PEERS=, the proxy's address"
        if not self.oidc_issuer or not self.oidc_client_id:
            return "INCIDENTS_LOGIN=oidc needs OIDC_ISSUER= and OIDC_CLIENT_ID="
        issuer = urlsplit(self.oidc_issuer)
        if issuer.scheme == "http" and not is_loopback(issuer.hostname or ""):
            return f"OIDC_ISSUER={self.oidc_issuer} sends secrets in the open: use https"
        return ""


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
