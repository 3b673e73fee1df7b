"""What the README says works, and it names every metric."""

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from whence_monitor import instruments as i
from whence_monitor import make_reference

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_the_ten_lines_watch_a_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Model:
        def predict(self, order: object) -> float:
            return 0.9

    reference = make_reference({"amount": [1.0, 2.0, 5.0]})
    (tmp_path / "reference.json").write_text(reference.to_json())
    monkeypatch.chdir(tmp_path)
    [code] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    namespace: dict[str, Any] = {"model": Model()}
    exec(code, namespace)

    async def use() -> None:
        transport = httpx.ASGITransport(namespace["app"])
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            order = {"amount": 3.5, "customer": "new"}
            assert (await client.post("/orders/7/score", json=order)).json() == 0.9
            assert (await client.post("/orders/7/chargeback?fraud=true")).is_success

    asyncio.run(use())
    monitor = namespace["monitor"]
    seen = {
        tuple(given[name] for name in (i.SEGMENT, i.CLASS, i.OUTCOME)): value
        for [family] in [monitor.collect(i.OUTCOMES)]
        for given, value in zip(family.attributes, family.values.tolist(), strict=True)
    }
    assert seen["new", "1", "tp"] == sum(seen.values()) == 1


@pytest.mark.parametrize("instrument", i.INSTRUMENTS, ids=lambda found: found.name)
def test_every_metric_is_in_the_readme(instrument: i.Instrument) -> None:
    assert f"`{instrument.name}`" in README
    assert all(f"`{attribute}`" in README for attribute in instrument.attributes)
