"""`python -m bench.incidents.gateway`: between users and recommender; loses a share of the clicks on demand.

users ──/recommendations──▶ gateway ──▶ recommender
users ──/feedback──▶ gateway ──(1 − loss)──▶ recommender       PUT /loss/0.85 sets the loss
"""

import argparse
import random

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

ACCEPTED = 202


class Gateway:
    """Passes everything on; of the feedback, the share `loss` gets a good answer and goes nowhere."""

    def __init__(self, target: str, seed: int) -> None:
        self.loss = 0.0
        self._chance = random.Random(seed)
        limits = httpx.Limits(max_connections=256)
        self._client = httpx.AsyncClient(base_url=target, timeout=10, limits=limits, trust_env=False)
        self.app = Starlette(
            routes=[
                Route("/loss/{share:float}", self.set_loss, methods=["PUT"]),
                Route("/{path:path}", self.forward, methods=["GET", "POST"]),
            ],
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def set_loss(self, request: Request) -> Response:
        """Lose this share of the feedback from now on."""
        self.loss = request.path_params["share"]
        return Response(status_code=204)

    async def forward(self, request: Request) -> Response:
        """One request on its way; 502 when the recommender does not answer."""
        if request.url.path == "/feedback" and self._chance.random() < self.loss:
            return Response(status_code=ACCEPTED)
        query = request.url.query.encode() or None
        body, kind = await request.body(), request.headers.get("content-type")
        try:
            answer = await self._client.request(
                request.method,
                httpx.URL(path=request.url.path, query=query),
                content=body,
                headers={"content-type": kind} if kind else None,
            )
        except httpx.HTTPError:
            return Response(status_code=502)
        return Response(answer.content, answer.status_code, media_type=answer.headers.get("content-type"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.incidents.gateway", description=__doc__)
    parser.add_argument("--target", required=True, help="the recommender's address")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    app = Gateway(given.target, given.seed).app
    uvicorn.run(app, host="127.0.0.1", port=given.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
