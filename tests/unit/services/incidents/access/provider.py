"""An identity provider that signs whatever a test wants it to say, and a browser that logs in there."""

import base64
import hashlib
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

PAGE = "http://whence.test"
"""Where browsers find the service; `log_in` goes to where it is served instead."""

CLIENT, SECRET = "whence", "a-client-secret-of-the-tests"


class Provider:
    """`claims` replace those of a good ID token, None leaves one out; `issuer` is where it is served."""

    def __init__(self) -> None:
        self.issuer = ""
        self.key = RSAKey.generate_key(2048, {"kid": "1"})
        self.signs_with = self.key
        self.claims: dict[str, Any] = {}
        self._asked: dict[str, Mapping[str, str]] = {}
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._describe),
                Route("/jwks", self._show_keys),
                Route("/authorize", self._authorize),
                Route("/token", self._answer, methods=["POST"]),
            ]
        )

    def reset(self) -> None:
        self.claims, self.signs_with = {"groups": ["team-a"]}, self.key

    def _describe(self, request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    def _show_keys(self, request: Request) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert asked["response_type"] == "code" and asked["code_challenge_method"] == "S256"
        code = f"code-{len(self._asked)}"
        self._asked[code] = asked
        return RedirectResponse(
            f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"
        )

    async def _answer(self, request: Request) -> Response:
        sent = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        asked = self._asked.pop(sent["code"], None)
        challenge = hashlib.sha256(sent["code_verifier"].encode()).digest()
        proven = asked and asked["code_challenge"] == base64.urlsafe_b64encode(challenge).decode().rstrip("=")
        known = request.headers["authorization"] == httpx.BasicAuth(CLIENT, SECRET)._auth_header
        if not asked or not proven or not known or sent["redirect_uri"] != asked["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        good = {
            "iss": self.issuer,
            "sub": "248289761001",
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "nonce": asked["nonce"],
            "email": "ada@example.org",
        }
        claims = {name: value for name, value in (good | self.claims).items() if value is not None}
        signed = jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.signs_with)
        return JSONResponse({"access_token": "unused", "token_type": "Bearer", "id_token": signed})


BROWSER = {"Accept": "text/html", "Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}


def log_in(browser: httpx.Client, wanted: str = "/login") -> httpx.Response:
    """Follow a page to the provider and back; the answer to the callback."""
    answer = browser.get(wanted, headers=BROWSER)
    while answer.is_redirect and "/login/callback" not in answer.request.url.path:
        answer = browser.get(answer.headers["location"].removeprefix(PAGE), headers=BROWSER)
    return answer


def read_query(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
