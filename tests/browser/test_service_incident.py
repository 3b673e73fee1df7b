"""The incident of a made-up shop in a real browser: diagnosed by its telemetry, read and looked at."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.pages import check_fit_and_contrast, listen, take_picture
from tests.unit.services.incidents.bodies import alert, alertmanager
from tests.unit.services.incidents.running import incidents_service, serve
from tests.unit.services.incidents.shop import (
    GATEWAY,
    PRICING,
    PRICING_UNREACHABLE,
    SLOW_DATABASE,
    FakeShop,
    State,
)

BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=6)
LABELS = {"service_name": GATEWAY, "component": GATEWAY}
ANNOTATIONS = {
    "summary": "95% of the requests to shop-gateway take up to 1.48 s",
    "runbook_url": "/runbooks/requests-slow",
}

IS_SORTED = """(axis) => {
  const places = [...document.querySelectorAll(".node")].map((node) => node.getBoundingClientRect()[axis]);
  return places.length === 3 && places.every((place, n) => n === 0 || place > places[n - 1]);
}"""
"""Whether each step's box is after the one before it."""


@contextmanager
def incident(browser: Browser, folder: Path, trouble: State) -> Iterator[Page]:
    """The page of the shop's incident with its verdict; it has to have made no complaint."""
    complaints: list[str] = []

    fake = FakeShop((BEGAN - timedelta(seconds=50)).timestamp(), trouble)
    sent = alert("Requests Slow", starts_at=BEGAN, labels=LABELS, annotations=ANNOTATIONS)
    with (
        serve(fake.app) as address,
        incidents_service(
            folder,
            explain=None,
            prometheus_url=address,
            jaeger_url=address,
            grafana_url="http://127.0.0.1:3000",
            jaeger_ui_url="http://127.0.0.1:16686",
        ) as client,
    ):
        client.post("/webhooks/alerts", json=alertmanager(sent)).raise_for_status()
        page = browser.new_page(
            base_url=str(client.base_url),
            locale="en-GB",
            reduced_motion="reduce",
            viewport={"width": 1280, "height": 900},
        )
        listen(page, complaints)
        page.goto("/incidents/1")
        expect(page.locator(".path")).to_be_visible(timeout=15_000)
        expect(page.locator("#charts path.curve")).to_have_count(6)
        expect(page.locator(".slowest")).to_have_count(2)
        yield page
        page.close()
    assert complaints == []


def steps(page: Page) -> Locator:
    return page.get_by_role("list", name="From the symptom to the cause").get_by_role("listitem")


def test_the_incident_of_a_shop_shows_verdict_path_charts_traces_and_remedy(
    browser: Browser, tmp_path: Path
) -> None:
    with incident(browser, tmp_path, SLOW_DATABASE) as page:
        verdict = page.get_by_role("region", name="It is the infrastructure, almost certainly")
        expect(verdict).to_contain_text("postgresql@10.0.0.9:5432 answers shop-pricing late.")
        expect(verdict).to_contain_text("Look at the load, locks and disk of postgresql@10.0.0.9:5432")
        expect(steps(page)).to_contain_text(
            [
                re.compile("Service.*Symptom.*shop-gateway.*54 ms.*618 ms", re.DOTALL),
                re.compile("Service.*shop-pricing.*38 ms.*974 ms", re.DOTALL),
                re.compile("Database.*Cause.*postgresql.*10.0.0.9:5432.*12 ms.*480 ms", re.DOTALL),
            ]
        )
        for name in ("54 ms before, 618 ms", "38 ms before, 974 ms", "12 ms before, 480 ms"):
            expect(page.get_by_role("img", name=f"Curve: {name} after")).to_be_visible()
        expect(page.locator("svg.signal path.curve")).to_have_count(3)
        expect(page.get_by_role("region", name="Requests to ")).to_contain_text([PRICING, GATEWAY])
        for service, latency in (
            (GATEWAY, r"1\d\d ms before, 1\.\d+ s"),
            (PRICING, r"9\d ms before, 2\.\d+ s"),
        ):
            charts = page.get_by_role("region", name=f"Requests to {service}")
            expect(charts.get_by_role("img", name=re.compile(f"^Latency: {latency}"))).to_be_visible()
        suspect = page.get_by_role("region", name="An affected request")
        expect(suspect.locator("a[href^='/traces/']")).to_have_count(5)
        expect(suspect.get_by_role("row").filter(has_text="Cause")).to_contain_text("SELECT shop")
        check_fit_and_contrast(page)
        take_picture(page, tmp_path / "shop.png")


def test_a_cited_trace_marks_the_cause_there_too(browser: Browser, tmp_path: Path) -> None:
    with incident(browser, tmp_path, SLOW_DATABASE) as page:
        page.get_by_role("region", name="An affected request").get_by_role("link").nth(1).click()
        expect(page.get_by_role("row").filter(has_text="Cause")).to_contain_text("SELECT shop")
        expect(page.get_by_role("link", name="Open in Jaeger")).to_be_visible()
        check_fit_and_contrast(page)


def test_the_cause_can_be_between_two_services_that_are_well(browser: Browser, tmp_path: Path) -> None:
    with incident(browser, tmp_path, PRICING_UNREACHABLE) as page:
        first, second = steps(page).all()
        expect(first).to_contain_text(re.compile("Symptom.*shop-gateway.*fails 0.1%.*34%", re.DOTALL))
        expect(second).to_contain_text(re.compile("calls fail 0%.*56%.*Cause.*shop-pricing", re.DOTALL))
        expect(page.get_by_role("link", name=PRICING, exact=True)).to_have_attribute(
            "href", re.compile("/d/service.*var-service_name=shop-pricing")
        )
        check_fit_and_contrast(page)
        take_picture(page, tmp_path / "between.png")


def test_the_path_goes_down_where_there_is_no_room_beside(browser: Browser, tmp_path: Path) -> None:
    with incident(browser, tmp_path, SLOW_DATABASE) as page:
        page.wait_for_function(IS_SORTED, arg="x")
        assert not page.evaluate(IS_SORTED, "y")
        page.set_viewport_size({"width": 400, "height": 900})
        page.wait_for_function(IS_SORTED, arg="y")
        assert not page.evaluate(IS_SORTED, "x")
