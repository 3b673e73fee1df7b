"""Login by OpenID Connect: the code flow with PKCE, by Authlib; then a signed cookie of bounded life.

https://openid.net/specs/openid-connect-core-1_0.html
"""

import time
from collections.abc import Awaitable, Mapping
from typing import Any

import structlog
from anyio import fail_after
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import OAuth
from fastapi import APIRouter, HTTPException, Request
from httpx2 import HTTPError
from joserfc.errors import JoseError
from starlette.responses import RedirectResponse, Response

from services.incidents.access.identification import Identification, clean, describe_no_role
from services.incidents.access.limits import RateLimit
from services.incidents.access.settings import AccessSettings
from services.incidents.access.trail import AccessLog
from services.incidents.web.rendering import load_templates

SESSION = 8 * 3_600
"""Seconds that a login lasts: a role that was taken away at the provider counts until then."""

TIMEOUT = 5.0
PATIENCE = 15.0
"""Seconds for one answer of the provider, and for all of a step."""

LEEWAY = 30
"""Seconds that the provider's clock may be off."""

ATTEMPTS = 20
"""Steps of logins from one address in a minute."""

log = structlog.get_logger(__name__)


class OidcLogin:
    """`/login`, `/login/callback` and `/logout`; `page` is where browsers find this service."""

    def __init__(
        self, settings: AccessSettings, page: str, identification: Identification, trail: AccessLog
    ) -> None:
        self._settings = settings
        self._page = page
        self._identification = identification
        self._trail = trail
        self._attempts = RateLimit(ATTEMPTS)
        self._templates = load_templates()
        self._provider = OAuth().register(
            "provider",
            server_metadata_url=f"{settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration",
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret or None,
            client_kwargs={
                "scope": settings.oidc_scopes,
                "code_challenge_method": "S256",
                "timeout": TIMEOUT,
                **({} if settings.oidc_client_secret else {"token_endpoint_auth_method": "none"}),
            },
        )
        self.router = router = APIRouter(include_in_schema=False)
        router.add_api_route("/login", self.begin)
        router.add_api_route("/login/callback", self.finish)
        router.add_api_route("/logout", self.end, methods=["POST"])

    async def begin(self, request: Request, next: str = "/") -> Response:
        """Send the browser to the provider; it comes back to the callback, then to `next`."""
        self._attempts.check(self._identification.find_address(request), "logins")
        request.session.clear()
        request.session["next"] = choose_next(next)
        sent: Response = await self._ask(
            self._provider.authorize_redirect(request, f"{self._page}/login/callback")
        )
        return sent

    async def finish(self, request: Request) -> Response:
        """Check what the provider says of the user, and begin the session."""
        address = self._identification.find_address(request)
        self._attempts.check(address, "logins")
        wanted = request.session.get("next", "/")
        claims: Mapping[str, Any] = await self._ask(self._fetch(request))
        request.session.clear()
        name, groups = self._read(claims)
        role = self._settings.choose_role(groups)
        if role is None:
            log.warning("login refused", name=name, reason="no role")
            raise HTTPException(403, describe_no_role(name))
        subject = str(claims["sub"])[:255]
        await self._trail.record(name, "access.login", role, by="oidc", subject_id=subject, address=address)
        request.session["user"] = {"name": name, "groups": groups, "until": time.time() + SESSION}
        return RedirectResponse(wanted, 303)

    async def end(self, request: Request) -> Response:
        """Forget the session in this browser."""
        request.session.clear()
        return self._templates.TemplateResponse(request, "signed_out.html")

    async def _fetch(self, request: Request) -> Any:
        expected = {
            "iss": {"essential": True, "value": self._settings.oidc_issuer},
            "aud": {"essential": True, "value": self._settings.oidc_client_id},
        }
        token = await self._provider.authorize_access_token(request, claims_options=expected, leeway=LEEWAY)
        if "userinfo" not in token:
            raise ValueError("it sent no ID token")
        return token["userinfo"]

    async def _ask(self, step: Awaitable[Any]) -> Any:
        """The outcome of a step that asks the provider. Raises HTTPException."""
        try:
            with fail_after(PATIENCE):
                return await step
        except (HTTPError, TimeoutError) as error:
            log.warning("identity provider away", reason=repr(error))
            raise HTTPException(503, "the identity provider does not answer: try again later") from None
        except (AuthlibBaseError, JoseError, ValueError, LookupError, RuntimeError) as error:
            log.warning("login refused", reason=repr(error))
            reason = f"the login failed: {clean(str(error))}. Begin again at /login"
            raise HTTPException(401, reason) from None

    def _read(self, claims: Mapping[str, Any]) -> tuple[str, list[str]]:
        """The name, and of the groups those that give a role."""
        told = (claims.get(claim) for claim in ("email", "preferred_username", "name", "sub"))
        name = next((clean(each) for each in told if isinstance(each, str) and clean(each)), "somebody")
        groups = claims.get(self._settings.oidc_groups_claim) or []
        groups = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
        known = set().union(*self._settings.groups.values())
        return name, [each for each in groups if isinstance(each, str) and each in known]


def choose_next(wanted: str) -> str:
    """Where to go after the login: an address of ours, never another site's."""
    is_ours = wanted.startswith("/") and not wanted.startswith("//")
    return wanted if is_ours and wanted.isprintable() and "\\" not in wanted else "/"
