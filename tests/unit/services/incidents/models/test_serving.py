"""When versions served and how often they answered, asked of a real Prometheus with hours of samples."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path
from time import time

import httpx
import pytest

from components.build import ComponentMissing, binary
from prometheus import queries as q
from prometheus.client import AsyncClient
from prometheus.models import serving as s
from services.incidents.models.serving import Serving, find_servings
from tests.unit.prometheus.running import run_prometheus

EVERY = 15
"""Seconds between samples; a version answers once a second."""
OLD, NEW, OTHER, DATA_SET = "als32-1f2e3d", "als16-4a5b6c", "2026-11-01", "9c1185a5c5e9"
KINDS = {
    "recommendation_requests_total": "counter",
    "model_predictions_total": "counter",
    "model_info": "gauge",
}
PRECISE = 3
"""Minutes by which a period may be told wrong."""


def count(name: str, labels: str, since: int, until: int, now: float, restart: int = -1) -> Iterator[str]:
    """A counter from `since` to `until` minutes ago; it begins anew `restart` minutes ago."""
    begin = restart if restart > 0 else since
    for ago in range(since * 60, until * 60 - 1, -EVERY):
        value = since * 60 - ago if ago > begin * 60 or restart < 0 else begin * 60 - ago
        yield f"{name}{{{labels}}} {value} {now - ago:.3f}"


def write_samples(now: float) -> str:
    """OpenMetrics, a family after the other.

    OLD served 120 to 60 minutes ago, and was restarted in between; NEW has served since 30 minutes, and for
    five minutes an hour and a half ago. Of its answers half are no predictions.
    """
    old, new = (f'service_name="recommender",model_version="{version}"' for version in (OLD, NEW))
    named = 'model_name="recommendations"'
    other = f'service_name="shop",model_name="fraud",model_version="{OTHER}"'
    families = {
        "recommendation_requests_total": [
            *count("recommendation_requests_total", f'{old},source="personalised"', 120, 60, now, 90),
            *count("recommendation_requests_total", f'{new},source="personalised"', 95, 90, now),
            *count("recommendation_requests_total", f'{new},source="popular"', 30, 0, now),
            *count("recommendation_requests_total", f'{new},source="stale"', 30, 0, now),
        ],
        "model_predictions_total": [
            *count("model_predictions_total", f'{old},{named},segment="heavy"', 120, 60, now, 90),
            *count("model_predictions_total", f'{new},{named},segment="heavy"', 30, 0, now),
            *count("model_predictions_total", f'{other},segment=""', 20, 10, now),
        ],
        "model_info": [
            f'model_info{{{labels},dataset_id="{data}",task="t"}} 1 {now - 60 * ago:.3f}'
            for labels, data, times in (
                (f"{old},{named}", DATA_SET, (120, 60)),
                (f"{new},{named}", DATA_SET, (30, 0)),
                (other, "orders-7", (20, 10)),
            )
            for ago in times
        ],
    }
    lines = [
        line
        for family, samples in families.items()
        for line in (f"# TYPE {family.removesuffix('_total')} {KINDS[family]}", *samples)
    ]
    return "\n".join([*lines, "# EOF", ""])


@pytest.fixture(scope="module")
def now() -> float:
    return time() - 20


@pytest.fixture(scope="module")
def client(folder: Path, now: float) -> Iterator[httpx.Client]:
    try:
        promtool = binary("promtool")
    except ComponentMissing as missing:
        pytest.skip(str(missing))
    (folder / "samples").write_text(write_samples(now))
    command: list[str | Path] = [promtool, "tsdb", "create-blocks-from"]
    command += ["openmetrics", folder / "samples", folder / "data"]
    subprocess.run(command, check=True, capture_output=True)
    with run_prometheus(folder) as client:
        yield client


def ask(client: httpx.Client, *where: str) -> dict[str, Serving]:
    async def find() -> list[Serving]:
        prometheus = AsyncClient("Prometheus", str(client.base_url))
        try:
            return await find_servings(prometheus, *where)
        finally:
            await prometheus.close()

    return {each.version: each for each in asyncio.run(find())}


def minutes(serving: Serving, now: float) -> list[tuple[float, float]]:
    """Periods as minutes before now."""
    return [
        ((now - each.since.timestamp()) / 60, (now - each.until.timestamp()) / 60 if each.until else 0)
        for each in serving.periods
    ]


def test_r23_a_data_sets_versions_served_then_and_answered_so_often(client: httpx.Client, now: float) -> None:
    found = ask(client, q.equal(s.DATA_SET, DATA_SET))
    assert found.keys() == {OLD, NEW}
    old, new = found[OLD], found[NEW]
    assert (old.service, old.model, old.data_set) == ("recommender", "recommendations", DATA_SET)
    assert old.answers == pytest.approx(3600, rel=0.02), "also over a restart"
    assert new.answers == pytest.approx(2 * 1800 + 300, rel=0.02), "also those that are no predictions"
    assert minutes(old, now) == [pytest.approx((120, 60), abs=PRECISE)]
    assert minutes(new, now) == [pytest.approx((95, 90), abs=PRECISE), pytest.approx((30, 0), abs=PRECISE)]
    assert old.periods[-1].until is not None and new.periods[-1].until is None


def test_a_service_without_a_counter_of_its_own_is_known_by_its_predictions(
    client: httpx.Client, now: float
) -> None:
    other = ask(client, q.equal(s.VERSION, OTHER))[OTHER]
    assert other.answers == pytest.approx(600, rel=0.02)
    assert minutes(other, now) == [pytest.approx((20, 10), abs=PRECISE)]


def test_nobody_served_what_is_not_known(client: httpx.Client) -> None:
    assert ask(client, q.equal(s.VERSION, "none")) == {}
