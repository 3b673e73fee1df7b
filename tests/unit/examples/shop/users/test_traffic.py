"""Traffic keeps its rate, whatever the shop answers, and its bounds."""

import asyncio
from pathlib import Path

import httpx
import pytest

from examples.shop.services.defects import DefectsFolder
from examples.shop.users import traffic
from examples.shop.users.traffic import Traffic


def run(folder: Path, answer: httpx.MockTransport, rate: float, seconds: float, seed: int = 1) -> Traffic:
    async def send() -> Traffic:
        async with httpx.AsyncClient(base_url="http://shop", transport=answer) as client:
            users = Traffic(client, DefectsFolder(folder, "traffic"), rate, seed)
            await users.run(asyncio.get_running_loop().time() + seconds)
            return users

    return asyncio.run(send())


def test_failures_and_broken_connections_are_counted(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/carts"):
            raise httpx.ConnectError("refused")
        return httpx.Response(503 if request.url.path == "/products" else 200)

    counted = run(tmp_path, httpx.MockTransport(answer), rate=100, seconds=1).tally
    assert counted.failed["list"] == counted.sent["list"] > 0
    assert counted.failed["cart"] == counted.sent["cart"] > 0
    assert counted.failed["product"] == 0
    assert set(counted.status) == {0, 200, 503}


def test_the_same_seed_sends_the_same_requests(tmp_path: Path) -> None:
    def paths(seed: int) -> list[str]:
        sent: list[str] = []

        def answer(request: httpx.Request) -> httpx.Response:
            sent.append(request.url.path)
            return httpx.Response(200)

        run(tmp_path, httpx.MockTransport(answer), rate=80, seconds=0.6, seed=seed)
        return sent[:15]

    assert paths(4) == paths(4) != paths(5)


def test_a_surge_multiplies_the_rate_within_its_bound(tmp_path: Path) -> None:
    (tmp_path / "surge.json").write_text('{"service": "traffic", "rate_factor": 4}')
    client = httpx.AsyncClient(base_url="http://shop")
    assert Traffic(client, DefectsFolder(tmp_path, "traffic"), 10, 1).rate == 40
    assert Traffic(client, DefectsFolder(tmp_path, "traffic"), 90, 1).rate == traffic.FASTEST


def test_what_exceeds_the_bound_is_not_sent_but_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traffic, "IN_FLIGHT", 3)

    async def hang(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(1)
        return httpx.Response(200)

    counted = run(tmp_path, httpx.MockTransport(hang), rate=100, seconds=0.5).tally
    assert counted.sent.total() <= 6
    assert counted.unsent > 10


@pytest.mark.parametrize("text", ["0", "-1", "1000", "many", "nan"])
def test_a_rate_out_of_bounds_is_refused(text: str) -> None:
    with pytest.raises(SystemExit, match="rate must be above 0"):
        traffic._rate(text)
