"""The pages of watched models in a real browser: read, followed and looked at."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.pages import check_fit_and_contrast, listen, take_picture
from tests.unit.services.incidents.bodies import alert, alertmanager
from tests.unit.services.incidents.running import incidents_service, serve
from tests.unit.services.incidents.watched import CHECKOUT, FakeModels

LABELS = {"service_name": CHECKOUT, "model_name": "fraud", "model_version": "2026-11-01"}


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """The service with an alert on the fraud model; the page has to have made no complaint."""
    complaints: list[str] = []
    with (
        serve(FakeModels().app) as address,
        incidents_service(tmp_path, prometheus_url=address, grafana_url="http://127.0.0.1:3000") as client,
    ):
        client.post("/webhooks/alerts", json=alertmanager(alert("Feature Drifts", labels=LABELS)))
        page = browser.new_page(base_url=str(client.base_url), locale="en-GB", reduced_motion="reduce")
        listen(page, complaints)
        yield page
        page.close()
    assert complaints == []


def test_from_the_menu_to_the_distribution_of_a_feature(page: Page, tmp_path: Path) -> None:
    page.goto("/")
    page.get_by_role("link", name="Models").click()
    models = page.get_by_role("list", name="Models and their versions").get_by_role("listitem")
    expect(models).to_have_count(3)
    expect(models.nth(1)).to_contain_text(re.compile("Alert.*fraud.*2026-11-01.*81%", re.DOTALL))
    check_fit_and_contrast(page)
    take_picture(page, tmp_path / "models.png")

    models.nth(1).get_by_role("link", name="fraud").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("fraud")
    expect(page.get_by_role("img", name="AUC: now 0.74, usually 0.914")).to_be_visible()
    expect(page.locator("svg.signal path.curve")).to_have_count(1)
    expect(page.get_by_text("usually 0.914")).to_be_visible()
    expect(page.locator(".incident-window")).to_have_count(0)
    expect(page.get_by_role("link", name="Feature Drifts")).to_be_visible()
    for name, rows in (("Estimated quality against truth", 3), ("Segments over the last 10 minutes", 3)):
        region = page.get_by_role("region", name=name)
        expect(region.locator("tbody tr")).to_have_count(rows)
        expect(region.locator("svg.spread circle").first).to_be_visible()
    check_fit_and_contrast(page)
    take_picture(page, tmp_path / "model.png")

    page.get_by_role("link", name="country").click()
    expect(page.get_by_role("region", name="country: now and in the reference")).to_be_visible()
