"""The shop alone: it answers, its telemetry arrives, and every fault does what it says and is mended."""

import json
import os
import signal
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from bench.shop.live import PYTHON, WINDOW, make_environment, run_shop
from components import build as builds
from examples.shop.faults.catalogue import Fault, read_faults
from examples.shop.run.settings import ExampleError, find_program, read_shop
from examples.shop.users.tally import read_windows
from examples.shop.users.visitors import HABITS
from tests.e2e.live import eventually
from tests.unit.collector.otelcol import Backends, Seen, run_collector

IMPACT_WITHIN, MENDED_WITHIN = 40.0, 60.0
FAILED = 0.1
"""Share of failed requests that users notice; without a fault it is 0."""
SLOWER = 0.25
"""Seconds by which the 95th percentile rises when users notice."""
SERVER, CLIENT = 2, 3
SERVICES = ("shop-gateway", "shop-pricing", "shop-fraud", "shop-reports")
ORDER = {
    "shop-gateway server",
    "shop-gateway redis",
    "shop-gateway client",
    "shop-pricing server",
    "shop-pricing postgresql",
    "shop-pricing client",
    "shop-fraud server",
}
"""What takes part in an order."""


@dataclass
class LiveShop:
    """A running shop on ports of its own, and the collector that its telemetry goes to."""

    folder: Path
    environment: dict[str, str]
    backends: Backends
    usual: float = 0.0
    read: int = 0

    def run(self, *arguments: str) -> str:
        return run_shop(self.environment, *arguments)

    def windows(self, since: float) -> list[dict[str, Any]]:
        return read_windows(read_shop(self.environment).counts, since)

    def spans(self) -> list[Seen]:
        """The spans that the collector sent on since the last call."""
        fresh = Backends(traces=self.backends.traces[self.read :])
        self.read += len(fresh.traces)
        return [span for service in SERVICES for span in fresh.spans(service)]

    def has_impact(self, fault: Fault, since: float) -> bool:
        """Whether three windows in a row that began after `since` show what the fault says."""
        shown = self.windows(since)[-3:]
        if len(shown) < 3:
            return False
        if fault.users == "errors":
            return _failed(shown) >= FAILED
        return _p95(shown) >= self.usual + SLOWER

    def is_well(self, since: float) -> bool:
        shown = self.windows(since)[-3:]
        return len(shown) == 3 and _failed(shown) <= FAILED / 4 and _p95(shown) < self.usual + SLOWER


@pytest.fixture(scope="module")
def shop() -> Iterator[LiveShop]:
    _require_servers()
    with TemporaryDirectory(prefix="shop-") as name, run_collector(Path(name)) as collector:
        folder = Path(name)
        folder.chmod(0o755)  # the user who runs PostgreSQL has to get through
        builds.ensure(["toxiproxy-server", "process-compose"])
        environment = make_environment(folder / "data", collector.url.removeprefix("http://"), SHOP_RATE="10")
        live = LiveShop(folder, environment, collector.backends)
        try:
            live.run("up")
            eventually("users are served", lambda: _usual(live), 120)
            yield live
        finally:
            live.run("down")


@pytest.fixture(autouse=True)
def mended(shop: LiveShop) -> Iterator[None]:
    """What a test breaks and does not mend, because it failed, does not trouble the next."""
    yield
    shop.run("mend")


def test_users_are_answered(shop: LiveShop) -> None:
    def steps() -> set[str]:
        return {kind for window in shop.windows(0) for kind in window["steps"]}

    eventually("users take every step", lambda: steps() == set(HABITS), 60, every=WINDOW)
    shown = shop.windows(0)[-5:]
    assert _failed(shown) == 0
    assert 5 < sum(window["sent"] for window in shown) / (WINDOW * len(shown)) < 15


def test_spans_of_all_four_kinds_arrive_and_belong_together(shop: LiveShop) -> None:
    spans: list[Seen] = []

    def complete() -> bool:
        spans.extend(shop.spans())
        orders = {span.message.trace_id for span in spans if span.name.endswith("/order")}
        return len(_workers(spans)) == 4 and any(_kinds(spans, trace) >= ORDER for trace in orders)

    eventually("spans of an order and of all workers arrive", complete, 60)
    services = {span.message.span_id: _service(span) for span in spans}
    calls = {(services.get(span.message.parent_span_id), _service(span)) for span in spans}
    between = {(caller, callee) for caller, callee in calls if caller not in (None, callee)}
    assert between == {("shop-gateway", "shop-pricing"), ("shop-pricing", "shop-fraud")}


@pytest.mark.parametrize(
    "fault",
    [fault for fault in read_faults().values() if fault.users != "nothing"],
    ids=lambda fault: fault.name,
)
def test_a_fault_has_the_impact_it_says_and_is_mended(shop: LiveShop, fault: Fault) -> None:
    before = time.time()
    shop.run("break", fault.name, "high", "--for", "300")
    eventually(fault.impact, lambda: shop.has_impact(fault, before), IMPACT_WITHIN, every=WINDOW)
    assert f"Mended: {fault.name}." in shop.run("mend")
    mended = time.time()
    eventually("users are served as before", lambda: shop.is_well(mended), MENDED_WITHIN, every=WINDOW)


@pytest.mark.parametrize(
    "fault", [fault for fault in read_faults().values() if fault.control], ids=lambda fault: fault.name
)
def test_a_control_has_no_user_impact(shop: LiveShop, fault: Fault) -> None:
    before = time.time()
    shop.run("break", fault.name, "high", "--for", "300")
    eventually("five windows pass", lambda: len(shop.windows(before)) >= 5, 30, every=WINDOW)
    assert _failed(shop.windows(before)) <= FAILED / 4


def test_a_lost_sender_has_no_user_impact_and_the_others_are_heard(shop: LiveShop) -> None:
    before = time.time()
    shop.run("break", "telemetry-lost", "high", "--for", "300")
    eventually("what was under way has come", lambda: len(shop.windows(before)) >= 4, 30, every=WINDOW)
    shop.spans()
    eventually("time passes", lambda: len(shop.windows(before)) >= 9, 30, every=WINDOW)
    assert set(map(_service, shop.spans())) == {"shop-gateway", "shop-pricing", "shop-reports"}
    assert _failed(shop.windows(before)) <= FAILED / 4
    shop.run("mend")
    eventually(
        "it is heard again",
        lambda: "shop-fraud" in map(_service, shop.spans()),
        60,
        every=WINDOW,
    )


def test_the_bad_release_is_another_version_and_rolled_back(shop: LiveShop) -> None:
    def versions(service: str) -> Callable[[], set[str]]:
        return lambda: {s.resource["service.version"] for s in shop.spans() if _service(s) == service}

    shop.run("break", "release-errors", "low", "--for", "300")
    eventually("the release's spans come", lambda: "1.1.0" in versions("shop-pricing")(), 60)
    shop.run("mend")
    eventually("the former version's spans come", lambda: versions("shop-pricing")() == {"1.0.0"}, 60)


def test_a_fault_whose_keeper_was_killed_can_be_mended(shop: LiveShop) -> None:
    shop.run("break", "database-slow", "high", "--for", "300")
    lease = json.loads((shop.folder / "data" / "faults" / "database-slow.json").read_text())
    os.kill(lease["pid"], signal.SIGKILL)
    assert "Mended: database-slow." in shop.run("mend")
    mended = time.time()
    eventually("users are served as before", lambda: shop.is_well(mended), MENDED_WITHIN, every=WINDOW)


def test_a_fault_ends_by_itself(shop: LiveShop) -> None:
    shop.run("break", "cache-slow", "low", "--for", "3")
    eventually("it is over", lambda: "left]" not in shop.run("faults"), 30, every=1)


def _require_servers() -> None:
    if not PYTHON.exists():
        pytest.skip("the shop's packages are not installed: run `make test-shop`")
    try:
        find_program("postgres", package="postgresql")
        find_program("valkey-server", "redis-server", package="redis-server")
    except ExampleError as missing:
        pytest.skip(str(missing))


def _usual(live: LiveShop) -> bool:
    """Notes the usual 95th percentile, once five windows in a row have no failure."""
    shown = live.windows(0)[-5:]
    live.usual = _p95(shown) if shown else 0.0
    return len(shown) == 5 and _failed(shown) == 0


def _failed(windows: list[dict[str, Any]]) -> float:
    failed, sent = (sum(int(window[name]) for window in windows) for name in ("failed", "sent"))
    return failed / max(1, sent)


def _p95(windows: list[dict[str, Any]]) -> float:
    return statistics.median(float(window["p95"]) for window in windows)


def _kinds(spans: list[Seen], trace: bytes) -> set[str]:
    """What takes part in a trace: each service as server or client of HTTP, or of a database."""
    roles = {SERVER: "server", CLIENT: "client"}
    return {
        f"{_service(span)} {span.attributes.get('db.system.name') or roles[span.message.kind]}"
        for span in spans
        if span.message.trace_id == trace and span.message.kind in roles
    }


def _workers(spans: list[Seen]) -> set[str]:
    """The processes of the gateway."""
    return {span.resource["service.instance.id"] for span in spans if _service(span) == "shop-gateway"}


def _service(span: Seen) -> str:
    return str(span.resource["service.name"])
