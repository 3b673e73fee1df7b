"""The lines of docs/adapt.md that watch a model do what the page says, as they stand there."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import whence_monitor
from fastapi import FastAPI
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from pydantic import BaseModel
from whence_monitor.__main__ import main as run_command

from examples.checkout.payments import CHECKOUT
from examples.models.serving import NATIVE_TELEMETRY_OFF
from tests.e2e.examples.test_adapt import PROFILE, WATCHING
from tests.unit.examples.models.live import Service

ID = "/payments/17"


class Payment(BaseModel):
    """What a stranger's service takes."""

    amount: float
    hour: int
    customer: str
    orders: int | None = None


class Half:
    """A model that is never sure."""

    def predict(self, payment: Payment) -> float:
        return 0.5


def test_the_lines_are_few() -> None:
    assert len([line for line in WATCHING.splitlines() if line.strip()]) <= 11


def test_the_lines_watch_a_service_of_ones_own(
    data: Path, trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(data)
    (data / "data").mkdir()
    (data / "data" / "models").symlink_to(trained)
    assert run_command(PROFILE.replace("\\\n", "").split()[3:]) == 0
    assert "data/reference.json: 12000 rows, 8 columns watched" in capsys.readouterr().out

    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    monkeypatch.setattr(whence_monitor, "Monitor", partial(whence_monitor.Monitor, meter_provider=provider))
    app = FastAPI(telemetry=NATIVE_TELEMETRY_OFF)
    lines: dict[str, Any] = {"app": app, "model": Half(), "Payment": Payment}
    exec(WATCHING, lines)
    service = Service(CHECKOUT, app, data, reader)

    async def pay() -> list[int]:
        async with service.connect() as client:
            paid = await client.post(ID, json={"amount": 12, "hour": 3, "customer": "new"})
            told = await client.post(f"{ID}/chargeback", params={"fraud": True})
            return [paid.status_code, told.status_code]

    assert asyncio.run(pay()) == [200, 200]
    assert service.read("model.labels", "segment")["new",] == 1
    assert service.read("model.feature.values", "feature", "bin")["orders", "missing"] == 1
    assert not any(service.read("model.monitor.problems", "kind").values())
    lines["monitor"].close()
    provider.shutdown()
