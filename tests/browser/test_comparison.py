"""The page of versions side by side in a real browser: read, followed and looked at."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.pages import check_fit_and_contrast, listen, take_picture
from tests.unit.services.incidents.running import incidents_service, serve
from tests.unit.services.incidents.versions_shown import LIVE, SHADOW, FakeVersions


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """The service with two versions and a third in the shadow; the page has to have made no complaint."""
    complaints: list[str] = []
    with (
        serve(FakeVersions().app) as address,
        incidents_service(tmp_path, prometheus_url=address, jaeger_url=address) as client,
    ):
        page = browser.new_page(base_url=str(client.base_url), locale="en-GB", reduced_motion="reduce")
        listen(page, complaints)
        yield page
        page.close()
    assert complaints == []


def test_r14_r15_versions_and_answers_stand_side_by_side(page: Page, tmp_path: Path) -> None:
    page.goto("/")
    page.get_by_role("link", name="Comparison").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Versions side by side")
    now = page.get_by_role("region", name="Now").get_by_role("row")
    expect(now.nth(1)).to_contain_text(re.compile(f"{LIVE}.*42d0c1.*16/s.*31 ms.*62.5%", re.DOTALL))
    against = page.get_by_role("region", name=f"Against {LIVE}").get_by_role("row")
    expect(against.nth(1)).to_contain_text(re.compile("Hit rate.*-20.0%.*worse", re.DOTALL))
    shadowed = page.get_by_role("region", name="The same request, two answers")
    expect(shadowed).to_contain_text(f"{SHADOW}: answered 4/s, busy 0.1/s")
    examples = page.get_by_role("region", name="Requests whose answers differ in")
    expect(examples.locator(".differs")).to_have_count(2 * 4)
    check_fit_and_contrast(page)
    take_picture(page, tmp_path / "comparison.png")

    examples.get_by_role("link", name="Order").click()
    expect(page).to_have_url(re.compile(r"difference=order"))
    expect(examples.get_by_role("link", name="Order")).to_have_attribute("aria-current", "true")
