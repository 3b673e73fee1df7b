"""`/api/tokens`: an admin sees the API tokens and revokes them. They are made by `make token`."""

from fastapi import APIRouter, HTTPException

from services.incidents.access.tokens import Token, TokenName
from services.incidents.alerts.store import Store


class TokenApi:
    """What is kept of the tokens, which is not enough to use one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.router = APIRouter()
        self.router.add_api_route("/api/tokens", self.list_tokens)
        self.router.add_api_route("/api/tokens/{name}", self.revoke, methods=["DELETE"], status_code=204)

    async def list_tokens(self) -> list[Token]:
        """All of them, by name; times in unix seconds."""
        return list((await self._store.select_tokens()).values())

    async def revoke(self, name: TokenName) -> None:
        """Let a token in no more; 404 if there is no such token, or it was revoked before."""
        if not await self._store.revoke_token(name):
            raise HTTPException(404, f"there is no token {name} to revoke")
