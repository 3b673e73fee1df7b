"""The inbox in a real browser."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.pages import listen
from tests.unit.services.incidents.bodies import alert, alertmanager
from tests.unit.services.incidents.fakes import FakeSources
from tests.unit.services.incidents.running import incidents_service, serve

BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=3)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    fake = FakeSources(trouble=(BEGAN - timedelta(minutes=1)).timestamp())
    (tmp_path / "high-storage-latency.md").write_text("# High Storage Latency\n\nWhat to do.\n")
    with (
        serve(fake.app) as address,
        incidents_service(tmp_path, prometheus_url=address, jaeger_url=address, runbooks=tmp_path) as client,
    ):
        yield client


@pytest.fixture
def complaints() -> list[str]:
    """Everything the browser complained about."""
    return []


@pytest.fixture
def context(browser: Browser, client: httpx.Client) -> Iterator[BrowserContext]:
    context = browser.new_context(
        base_url=str(client.base_url), locale="en-GB", timezone_id="Asia/Tokyo", reduced_motion="reduce"
    )
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, complaints: list[str]) -> Page:
    page = context.new_page()
    listen(page, complaints)
    return page


def post(client: httpx.Client, *alerts: dict[str, Any]) -> None:
    assert client.post("/webhooks/alerts", json=alertmanager(*alerts)).status_code == 200


def open_inbox(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()


def forbid_reload(page: Page) -> None:
    page.evaluate("window.sameDocument = true")


def test_an_incident_appears_opens_and_resolves_without_reload(
    client: httpx.Client, page: Page, complaints: list[str]
) -> None:
    open_inbox(page)
    forbid_reload(page)
    expect(page.get_by_text("No incidents yet")).to_be_visible()
    posted = time.monotonic()
    post(client, alert(starts_at=BEGAN))
    incident = page.get_by_role("listitem").filter(has_text="High Storage Latency")
    expect(incident).to_be_visible()
    assert time.monotonic() - posted < 5
    expect(incident).to_contain_text("Firing")
    expect(page.get_by_text("No incidents yet")).to_be_hidden()
    expect(page).to_have_title(re.compile(r"^\(1\) "))
    expect(page.get_by_role("status").filter(has_text="High Storage Latency")).to_have_count(1)
    assert page.evaluate("window.sameDocument")

    page.get_by_role("link", name="High Storage Latency").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("High Storage Latency")
    expect(page.get_by_role("img", name=re.compile("Hit rate: 4.% before, 2.% during"))).to_be_visible()
    expect(
        page.get_by_role("img", name=re.compile("Storage latency: 1. ms before, .* during"))
    ).to_be_visible()
    assert page.locator("path.curve").count() == 2
    expect(page.get_by_text("alert firing").first).to_be_visible()
    expect(page.get_by_text("deadline 250 ms")).to_be_visible()

    forbid_reload(page)
    post(client, alert(starts_at=BEGAN, ends_at=BEGAN + timedelta(minutes=2)))
    expect(page.locator("#head")).to_contain_text("Resolved")
    expect(page.locator("#head")).to_contain_text("2 min")
    expect(page.locator("#alerts")).not_to_contain_text("Firing")
    expect(page.locator(".plot").first).to_contain_text("incident")
    assert page.evaluate("window.sameDocument")
    assert complaints == []


def test_two_clicks_lead_from_the_incident_to_the_slow_span(
    client: httpx.Client, page: Page, complaints: list[str]
) -> None:
    post(client, alert(starts_at=BEGAN))
    page.goto("/incidents/1")
    page.get_by_role("link", name=re.compile("trace ")).first.click()
    row = page.get_by_role("row").filter(has_text="S3/GetObject")
    expect(row).to_contain_text("905 ms")
    expect(page.locator("time").first, "the page's script has run").not_to_contain_text("UTC")
    page.get_by_role("link", name="Back").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("High Storage Latency")
    page.get_by_role("link", name="Runbook").click()
    expect(page.get_by_text("What to do.")).to_be_visible()
    assert complaints == []


def test_what_an_alert_says_is_inert(client: httpx.Client, page: Page, complaints: list[str]) -> None:
    evil = "<img src=x onerror='window.owned=1'><script>window.owned=1</script>"
    sent = alert(evil, starts_at=BEGAN, annotations={"summary": evil, "description": evil})
    open_inbox(page)
    post(client, sent)
    expect(page.get_by_text("<script>window.owned=1</script>").first).to_be_visible()
    page.goto("/incidents/1")
    expect(page.locator("path.curve").first).to_be_visible()
    assert page.evaluate("window.owned") is None
    assert page.locator("main img, main script").count() == 0
    assert complaints == []


def test_everything_can_be_reached_with_the_keyboard(
    client: httpx.Client, page: Page, complaints: list[str]
) -> None:
    post(client, alert(starts_at=BEGAN))
    open_inbox(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="High Storage Latency")).to_be_focused()
    page.keyboard.press("Enter")
    charts = page.get_by_role("group", name=re.compile("^Charts"))
    expect(charts).to_be_visible()
    charts.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".reading")).to_contain_text(re.compile(r"hit rate \d\d%, storage latency \d{3} ms"))
    assert complaints == []


def test_focus_stays_when_the_incident_changes(client: httpx.Client, page: Page) -> None:
    post(client, alert(starts_at=BEGAN))
    open_inbox(page)
    link = page.get_by_role("link", name="High Storage Latency")
    link.focus()
    post(client, alert(starts_at=BEGAN, ends_at=BEGAN + timedelta(minutes=1)))
    expect(page.get_by_role("listitem").filter(has_text="Resolved")).to_be_visible()
    expect(link).to_be_focused()


def test_times_are_local_with_utc_in_the_title(client: httpx.Client, page: Page) -> None:
    post(client, alert(starts_at=datetime(2026, 11, 20, 20, 45, 50, tzinfo=UTC)))
    page.goto("/incidents/1")
    time = page.locator("#head time").first
    expect(time).to_have_text("21 Nov 2026, 05:45:50")
    expect(time).to_have_attribute("title", "2026-11-20 20:45:50 UTC")


def test_a_lost_connection_is_said_and_made_up_for(client: httpx.Client, context: BrowserContext) -> None:
    page = context.new_page()
    page.route("**/api/stream", lambda route: route.abort())
    page.goto("/")
    expect(page.get_by_role("alert")).to_contain_text("Connection lost")
    post(client, alert(starts_at=BEGAN))
    page.unroute("**/api/stream")
    expect(page.get_by_role("listitem").filter(has_text="High Storage Latency")).to_be_visible()
    expect(page.get_by_role("alert")).to_be_hidden()


def test_the_page_says_that_prometheus_is_away(
    tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> None:
    with incidents_service(tmp_path_factory.mktemp("away")) as client:
        post(client, alert(starts_at=BEGAN))
        page = browser.new_page()
        page.goto(f"{client.base_url}/incidents/1")
        expect(page.get_by_text("Prometheus cannot be reached")).to_be_visible()
        expect(page.get_by_text("Jaeger cannot be reached")).to_be_visible()
        page.close()


@pytest.mark.parametrize("width", [375, 1440])
@pytest.mark.parametrize(
    "path", ["/", "/incidents/1", "/traces/" + "a" * 32, "/runbooks/high-storage-latency"]
)
def test_pages_fit_their_screen(client: httpx.Client, page: Page, path: str, width: int) -> None:
    post(client, alert(starts_at=BEGAN, annotations={"summary": "word" * 60}))
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(path)
    if path.startswith("/incidents"):
        expect(page.locator("path.curve").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
