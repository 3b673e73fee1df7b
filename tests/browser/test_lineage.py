"""The pages of the catalogue and of lineage in a real browser: read, followed and looked at."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.pages import check_fit_and_contrast, listen, take_picture
from tests.unit.services.incidents.fakes import TRACE_ID
from tests.unit.services.incidents.running import incidents_service, serve
from tests.unit.services.incidents.served import DATA_SET, NEW, OLD, FakeServed, tell


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """The service with two versions that a trainer told of; the page has to have made no complaint."""
    complaints: list[str] = []
    with (
        serve(FakeServed().app) as address,
        incidents_service(tmp_path, prometheus_url=address, jaeger_url=address, **tell(tmp_path)) as client,
    ):
        page = browser.new_page(base_url=str(client.base_url), locale="en-GB", reduced_motion="reduce")
        listen(page, complaints)
        yield page
        page.close()
    assert complaints == []


def test_r24_from_the_catalogue_to_a_version_and_its_data_set(page: Page, tmp_path: Path) -> None:
    page.goto("/")
    page.get_by_role("link", name="Catalogue").click()
    versions = page.get_by_role("list", name="Versions of recommendations").get_by_role("listitem")
    expect(versions.filter(has_text=NEW).first).to_contain_text("Experiment smaller")
    page.get_by_text("Card", exact=True).first.click()
    expect(page.get_by_text("Offline, on held-out data:").first).to_be_visible()
    check_fit_and_contrast(page)
    take_picture(page, tmp_path / "catalogue.png")

    page.get_by_role("link", name=NEW).first.click()
    expect(page.get_by_role("heading", name=f"Version {NEW}")).to_be_visible()
    check_fit_and_contrast(page)
    take_picture(page, tmp_path / "version.png")

    page.get_by_role("link", name=DATA_SET).first.click()
    expect(page.get_by_text("1,500 answers")).to_be_visible()
    expect(page.get_by_role("heading", name=f"Version {OLD}")).to_be_visible()
    check_fit_and_contrast(page)
    take_picture(page, tmp_path / "data-set.png")


def test_r23_a_trace_id_is_asked_for(page: Page, tmp_path: Path) -> None:
    page.goto("/lineage")
    page.get_by_label("Model version, data set or trace id").fill(TRACE_ID)
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("was answered by")).to_contain_text(OLD)
    check_fit_and_contrast(page)
    take_picture(page, tmp_path / "request.png")
