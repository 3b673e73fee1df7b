"""Who asks: by a bearer token, a session, or the header of a proxy that is trusted."""

import hmac
import time
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

import structlog
from fastapi import HTTPException
from starlette.requests import Request

from services.incidents.access.limits import RateLimit
from services.incidents.access.roles import ADMINS, SENDERS, Identity, Roles
from services.incidents.access.settings import split
from services.incidents.access.tokens import Tokens
from services.incidents.settings import Settings

LONGEST_NAME = 80
SITE = 64
"""Bits of an IPv6 address that one site has: the others are its to choose."""

FAILURES = 20
"""Wrong tokens of an address in a minute that are told apart from too many."""

THIS_MACHINE = Identity("this machine", ADMINS, "loopback")
ITS_STACK = Identity("this machine", ADMINS | SENDERS, "loopback")
STACK = Identity("the stack", SENDERS, "token")

Address = IPv4Address | IPv6Address

log = structlog.get_logger(__name__)


class Identification:
    """Reads a request's credentials. Without a login everybody who reaches the service is an admin."""

    def __init__(self, settings: Settings, tokens: Tokens) -> None:
        self._settings = settings
        self._peers = settings.peers
        self._webhook_token = settings.webhook_token.get_secret_value().encode()
        self._tokens = tokens
        self._failures = RateLimit(FAILURES)

    async def identify(self, request: Request, needed: Roles) -> Identity | None:
        """Who asks, None for nobody; one of the roles is `needed`.

        Raises HTTPException (401: no token or a wrong one, 421, 429), DatabaseAway.
        """
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        is_bearer = scheme.lower() == "bearer"
        is_stack = is_bearer and hmac.compare_digest(secret.encode(), self._webhook_token)
        if not self._settings.incidents_login:
            return ITS_STACK if is_stack else self._read_host(request, is_bearer or needed == SENDERS)
        if is_bearer:
            return STACK if is_stack else await self._tokens.find(secret) or self._refuse(request)
        return self._read_session(request) if "session" in request.scope else self._read_headers(request)

    def find_address(self, request: Request) -> str:
        """The address to count by: what a trusted proxy says, else the peer's; of IPv6 the site's."""
        address = _find_peer(request)
        sent = split(request.headers.get("x-forwarded-for", ""))
        if sent and self._trusts(address):
            address = _parse(sent[-1]) or address
        if isinstance(address, IPv6Address):
            return str(IPv6Network((address, SITE), strict=False))
        return str(address or "unknown")

    def _refuse(self, request: Request) -> Identity:
        address = self.find_address(request)
        self._failures.check(address, "wrong tokens")
        log.warning("token refused", address=address, path=request.url.path)
        raise ask_for_token("the bearer token is wrong, expired or revoked")

    def _read_host(self, request: Request, by_token: bool) -> Identity:
        """This machine, unless its browser shows a page of somebody whose name leads here (DNS rebinding)."""
        host = request.headers.get("host", "")
        if _is_own(host, self._settings.page):
            return THIS_MACHINE
        if by_token:
            raise ask_for_token("the stack's bearer token is needed")
        raise HTTPException(
            421,
            f"nothing is shown as {clean(host) or 'no host'} without the stack's token: ask for 127.0.0.1 or "
            "localhost, or set urls.incidents in whence.yaml (INCIDENTS_URL) to the address of these pages",
        )

    def _read_session(self, request: Request) -> Identity | None:
        kept = request.session.get("user")
        if not kept or kept["until"] < time.time():
            return None
        role = self._settings.choose_role(kept["groups"])
        return Identity(kept["name"], frozenset({role}), "oidc", kept["until"]) if role else None

    def _read_headers(self, request: Request) -> Identity | None:
        """None unless a trusted proxy sent the user's name, once: a second one was there before."""
        names = request.headers.getlist(self._settings.proxy_user_header)
        name = clean(names[0]) if len(names) == 1 else ""
        if not name or not self._trusts(_find_peer(request)):
            return None
        groups = request.headers.getlist(self._settings.proxy_groups_header)
        role = self._settings.choose_role(split(groups[0]) if len(groups) == 1 else ())
        if role is None:
            raise HTTPException(403, describe_no_role(name))
        return Identity(name, frozenset({role}), "proxy")

    def _trusts(self, peer: Address | None) -> bool:
        return peer is not None and any(peer in network for network in self._peers)


def _find_peer(request: Request) -> Address | None:
    return _parse(request.client.host) if request.client else None


def _is_own(host: str, page: str) -> bool:
    """Whether nobody else can have a page at this host: an address, localhost, or the host of `page`."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return _parse(name) is not None or f".{name}".endswith(".localhost") or name == urlsplit(page).hostname


def clean(name: str) -> str:
    """A name as it can be shown and kept in a line."""
    return "".join(each for each in name if each.isprintable()).strip()[:LONGEST_NAME]


def ask_for_token(reason: str) -> HTTPException:
    """The answer to who did not say who they are, or not rightly."""
    return HTTPException(401, reason, {"WWW-Authenticate": "Bearer"})


def describe_no_role(name: str) -> str:
    """What somebody is told who is in none of the groups."""
    return f"{name} has no role here: ask for a group that INCIDENTS_VIEWERS, _OPERATORS or _ADMINS names"


def _parse(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
