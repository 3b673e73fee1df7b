"""Puts the guard before the application, and the login beside it where there is one."""

from functools import partial
from urllib.parse import urlsplit

from fastapi import FastAPI

from services.incidents.access.guard import Guard, Refuse
from services.incidents.access.identification import Identification
from services.incidents.access.token_api import TokenApi
from services.incidents.access.tokens import Tokens, select_tokens
from services.incidents.access.trail import AccessLog
from services.incidents.database.asynchronous import AsyncDatabase
from services.incidents.settings import Settings


def add_access(app: FastAPI, settings: Settings, database: AsyncDatabase, refuse: Refuse) -> None:
    """From now on a request reaches the application only if its sender may make it; else `refuse` answers."""
    identification = Identification(settings, Tokens(partial(database.read, select_tokens)))
    log = AccessLog(settings.access_file)
    address = urlsplit(settings.page)
    origin = f"{address.scheme}://{address.netloc}" if settings.incidents_login else ""
    login = "/login" if settings.incidents_login == "oidc" else ""
    app.include_router(TokenApi(database).router)
    app.add_middleware(Guard, identification, log, refuse, origin, login)
    if login:
        from starlette.middleware.sessions import SessionMiddleware

        from services.incidents.access.oidc import SESSION, OidcLogin  # takes 14 MiB

        app.include_router(OidcLogin(settings, settings.page, identification, log).router)
        is_https = address.scheme == "https"
        app.add_middleware(
            SessionMiddleware,
            secret_key=settings.session_secret.get_secret_value(),
            session_cookie="__Host-whence" if is_https else "whence",
            max_age=SESSION,
            same_site="lax",
            https_only=is_https,
        )
