"""`/api/tokens`: an admin sees the API tokens and revokes them. They are made by `make token`."""

from fastapi import APIRouter, HTTPException

from services.incidents.access.tokens import Token, TokenName, revoke_token, select_tokens
from services.incidents.database.asynchronous import AsyncDatabase


class TokenApi:
    """What is kept of the tokens, which is not enough to use one."""

    def __init__(self, database: AsyncDatabase) -> None:
        self._database = database
        self.router = APIRouter()
        self.router.add_api_route("/api/tokens", self.list_tokens)
        self.router.add_api_route("/api/tokens/{name}", self.revoke, methods=["DELETE"], status_code=204)

    async def list_tokens(self) -> list[Token]:
        """All of them, by name; times in unix seconds."""
        return list((await self._database.read(select_tokens)).values())

    async def revoke(self, name: TokenName) -> None:
        """Let a token in no more; 404 if there is no such token, or it was revoked before."""
        if not await self._database.write(revoke_token, name):
            raise HTTPException(404, f"there is no token {name} to revoke")
