"""An explained incident in a real browser: read, walked through with the keyboard, looked at."""

import asyncio
import re
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from diagnosis import Verdict
from prometheus.client import SourceAway
from services.incidents.diagnosing import diagnoser, schedule
from services.incidents.diagnosing.client import Explain
from tests.browser.pages import check_fit_and_contrast, listen
from tests.unit.services.incidents.bodies import alert, alertmanager
from tests.unit.services.incidents.fakes import FakeSources
from tests.unit.services.incidents.opinions import NO_TELEMETRY, NOTHING, UNKNOWN, Oracle, storage_latency
from tests.unit.services.incidents.running import incidents_service, serve, think_forever

BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=3)
VERDICT = storage_latency((BEGAN - timedelta(seconds=70)).timestamp())
STATES: dict[str, Explain] = {
    "explained": Oracle(VERDICT),
    "unknown": Oracle(UNKNOWN),
    "none": Oracle(NOTHING),
    "telemetry": Oracle(NO_TELEMETRY),
    "not yet": think_forever,
    "away": Oracle(SourceAway("Prometheus cannot be reached at http://127.0.0.1:9090.")),
}


@contextmanager
def incident(browser: Browser, folder: Path, explain: Explain) -> Iterator[Page]:
    """The page of a firing incident; it has to have made no complaint."""
    complaints: list[str] = []

    fake = FakeSources(trouble=(BEGAN - timedelta(minutes=1)).timestamp())
    (folder / "high-storage-latency.md").write_text("# High Storage Latency\n\nWhat to do.\n")
    with (
        serve(fake.app) as address,
        incidents_service(
            folder, explain=explain, prometheus_url=address, jaeger_url=address, runbooks=folder
        ) as client,
    ):
        sent = client.post("/webhooks/alerts", json=alertmanager(alert(starts_at=BEGAN)))
        assert sent.status_code == 200
        context = browser.new_context(
            base_url=str(client.base_url),
            locale="en-GB",
            reduced_motion="reduce",
        )
        page = context.new_page()
        listen(page, complaints)
        page.goto("/incidents/1")
        yield page
        context.close()
    assert complaints == []


def test_an_explained_incident_says_whence_why_and_what_to_do(browser: Browser, tmp_path: Path) -> None:
    with incident(browser, tmp_path, Oracle(VERDICT)) as page:
        verdict = page.get_by_role("region", name="It is the infrastructure, almost certainly")
        expect(verdict).to_contain_text("19.8 of the 23.1 points of hit rate lost")
        expect(verdict).to_contain_text("93% confidence")
        expect(verdict).to_contain_text("Leave the model alone")
        split = page.get_by_role("region", name=re.compile("^Hit rate 44.1% → 21.0%"))
        row = split.get_by_role("row").filter(has_text="popular").first
        expect(row.get_by_role("cell").last).to_have_text("−19.8")
        expect(page.get_by_role("img", name="Curve: 14.8 ms before, 905 ms after")).to_be_visible()
        expect(page.locator("svg.signal path.curve")).to_have_count(4)
        suspect = page.get_by_role("region", name="An affected request")
        expect(suspect.get_by_role("row").filter(has_text="S3/GetObject")).to_contain_text("905 ms")
        others = page.get_by_role("region", name="Other causes considered")
        expect(others).to_contain_text("Personalised answers are as good as before")
        verdict.get_by_role("link", name="Runbook").click()
        expect(page.get_by_text("What to do.")).to_be_visible()


class Gate(Oracle):
    """A diagnosis that says its next verdict when it is let."""

    def __init__(self, *verdicts: Verdict) -> None:
        super().__init__(*verdicts)
        self._let = threading.Semaphore(0)

    def let(self) -> None:
        """One verdict more may be said."""
        self._let.release()

    async def __call__(
        self,
        start: float,
        end: float,
        alerted_at: float | None = None,
        services: Collection[str] = (),
        after: float | None = None,
    ) -> Verdict:
        while not self._let.acquire(blocking=False):
            await asyncio.sleep(0.02)
        return await super().__call__(start, end, alerted_at, services, after)


def test_the_verdict_comes_to_an_open_page_and_changes_without_moving_the_reader(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "FIRST", (0.0, 0.0))
    monkeypatch.setattr(diagnoser, "MINIMUM_INTERVAL", 0.0)
    monkeypatch.setattr(schedule, "HOLDS", timedelta(days=1))
    gate = Gate(VERDICT.model_copy(update={"confidence": 0.6}), VERDICT)
    with incident(browser, tmp_path, gate) as page:
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        expect(page.get_by_role("heading", name="Looking for the cause")).to_be_visible()
        page.evaluate("window.sameDocument = true")
        gate.let()
        expect(page.get_by_role("heading", name="It is the infrastructure, probably")).to_be_visible()
        expect(page.get_by_role("status").filter(has_text="Verdict: infrastructure")).to_have_count(1)
        page.locator("#proof-1 summary").click()
        page.locator("#todo-runbook").focus()
        gate.let()
        expect(page.get_by_role("heading", name="It is the infrastructure, almost certainly")).to_be_visible()
        expect(page.locator("#todo-runbook")).to_be_focused()
        expect(page.locator("#proof-1 pre")).to_be_visible()
        expect(page.locator("svg.signal path.curve")).to_have_count(4)
        assert page.evaluate("window.sameDocument")


def test_the_keyboard_reaches_everything_in_the_order_of_the_page(browser: Browser, tmp_path: Path) -> None:
    with incident(browser, tmp_path, Oracle(VERDICT)) as page:
        expect(page.get_by_role("region", name="An affected request")).to_be_visible()
        page.locator("main").focus()
        reached: list[str] = []
        for _ in range(60):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.textContent.trim().slice(0, 30)"))
        wanted = ["Runbook", "By user segment", "Query", "GET /recommendations/{user_id}", "bbbbbbbb"]
        places = [reached.index(name) for name in wanted]
        assert places == sorted(places)
        page.locator("summary", has_text="By user segment").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("table", name="Points of hit rate by user segment")).to_be_visible()


@pytest.mark.parametrize("state", STATES)
def test_every_state_can_be_read_on_every_screen(browser: Browser, tmp_path: Path, state: str) -> None:
    with incident(browser, tmp_path, STATES[state]) as page:
        if state not in ("not yet", "away"):
            expect(page.locator(".domain-pending")).to_have_count(0)
        expect(page.locator("#charts path.curve").first).to_be_visible()
        expect(page.locator(".slowest")).to_be_visible()
        check_fit_and_contrast(page)
        page.goto("/")
        expect(page.locator("#incidents .domain")).to_be_visible()
        check_fit_and_contrast(page)
