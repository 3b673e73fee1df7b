"""What the faults of the storage ask of Toxiproxy."""

from collections.abc import Iterator
from typing import Any

import pytest

from faults import SEVERITIES, Fault, FaultError
from faults.intermittence import Intermittence, Spell
from faults.storage import bandwidth, connection_pool_exhaustion, errors, jitter, latency, outage
from tests.ports import refusing_port
from tests.unit.faults.fakes import Toxiproxy, run_toxiproxy

TOXIC = [latency, jitter, errors, bandwidth, connection_pool_exhaustion]
ALL = [module.FAULT for module in (*TOXIC, outage)]


@pytest.fixture
def toxiproxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Toxiproxy]:
    monkeypatch.setenv("MODE", "processes")
    with run_toxiproxy() as state:
        monkeypatch.setenv("TOXIPROXY_PORT", str(state.port))
        yield state


def attributes(toxiproxy: Toxiproxy, fault: Fault, severity: str) -> dict[str, int]:
    fault.inject(severity)
    found: dict[str, Any] = toxiproxy.toxics[fault.name]
    assert found["stream"] == "downstream" and found["toxicity"] == 1.0
    return dict(found["attributes"])


@pytest.mark.parametrize("fault", ALL, ids=lambda fault: fault.name)
def test_breaking_twice_and_mending_twice_leaves_nothing(toxiproxy: Toxiproxy, fault: Fault) -> None:
    for severity in SEVERITIES:
        assert fault.inject(severity).endswith(".")
        assert toxiproxy.toxics or not toxiproxy.enabled
    for _ in range(2):
        fault.mend()
        assert not toxiproxy.toxics and toxiproxy.enabled


@pytest.mark.parametrize("fault", ALL, ids=lambda fault: fault.name)
def test_storage_past_the_proxy_is_not_broken_and_can_be_mended(
    toxiproxy: Toxiproxy, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"ENDPOINT": "https://s3.example.com", "ACCESS_KEY": "key", "SECRET_KEY": "k"}.items():
        monkeypatch.setenv(f"STORAGE_{name}", value)
    with pytest.raises(FaultError, match=r"storage at https://s3\.example\.com is not behind the proxy"):
        fault.inject("high")
    assert not toxiproxy.toxics and toxiproxy.enabled
    fault.mend()


def test_jitter_delays_just_that_share_of_the_answers(toxiproxy: Toxiproxy) -> None:
    for severity, (share, latest) in jitter.SEVERITIES.items():
        toxic = attributes(toxiproxy, jitter.FAULT, severity)
        lowest, highest = toxic["latency"] - toxic["jitter"], toxic["latency"] + toxic["jitter"]
        assert highest == latest
        assert highest / (highest - lowest) == pytest.approx(share, rel=0.01)
        assert share < 0.5, "the median stays as it was"


def test_the_severer_the_larger_the_impact(toxiproxy: Toxiproxy) -> None:
    latencies = [attributes(toxiproxy, latency.FAULT, each)["latency"] for each in SEVERITIES]
    cuts = [attributes(toxiproxy, errors.FAULT, each)["bytes"] for each in SEVERITIES]
    rates = [attributes(toxiproxy, bandwidth.FAULT, each)["rate"] for each in SEVERITIES]
    assert latencies == sorted(latencies) and latencies[0] < 250 < latencies[1]
    assert cuts == sorted(cuts, reverse=True) and rates == sorted(rates, reverse=True)


def test_a_mild_outage_comes_and_goes(toxiproxy: Toxiproxy) -> None:
    lasts, every = outage.SPELLS["medium"]
    outage.FAULT.inject("medium")
    seen = []
    for elapsed in (0.0, lasts + 1, every + 1, every + lasts + 1):
        outage.FAULT.keep("medium", elapsed)
        seen.append(toxiproxy.enabled)
    assert seen == [False, True, False, True]


def test_a_severe_outage_stays(toxiproxy: Toxiproxy) -> None:
    outage.FAULT.inject("high")
    for elapsed in range(100):
        outage.FAULT.keep("high", elapsed)
        assert not toxiproxy.enabled


def test_a_spell_starts_and_stops_once() -> None:
    events: list[str] = []
    spells = {"low": Spell(2, 5)}
    intermittence = Intermittence(spells, lambda: events.append("on"), lambda: events.append("off"))
    intermittence.begin("low")
    for elapsed in range(10):
        intermittence.keep("low", elapsed)
    assert events == ["on", "off", "on", "off"]


def test_without_a_toxiproxy_nothing_breaks_and_nothing_is_to_be_mended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with refusing_port() as port:
        monkeypatch.setenv("TOXIPROXY_PORT", str(port))
        for fault in ALL:
            with pytest.raises(FaultError, match="make up"):
                fault.inject("high")
            fault.mend()
