"""The page of releases in a real browser: a pause with its evidence, and what was decided before."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from decisions.releases.state import Phase
from tests.browser.pages import check_fit_and_contrast, listen, take_picture
from tests.unit.decisions.releases.cases import NEW, QUIET
from tests.unit.services.incidents.released import REFUSED, SLOW_STORAGE, VERDICT, WORSE, Folder
from tests.unit.services.incidents.running import incidents_service

SLOW = "Incident 3, infrastructure: Storage reads take 812 ms instead of 6 ms."


@pytest.fixture
def kept(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
def page(browser: Browser, kept: Folder, tmp_path: Path) -> Iterator[Page]:
    """The service beside that folder; the page has to have made no complaint."""
    complaints: list[str] = []
    with incidents_service(tmp_path, **kept.settings) as client:
        page = browser.new_page(base_url=str(client.base_url), locale="en-GB", reduced_motion="reduce")
        listen(page, complaints)
        yield page
        page.close()
    assert complaints == []


def test_r22_a_release_is_followed_to_the_evidence_of_its_pause(
    page: Page, kept: Folder, tmp_path: Path
) -> None:
    kept.answer("gate.refused", "als8-42d0c1", REFUSED)
    kept.answer(
        "retraining.refused", "recommendations", VERDICT, "Storage is slow: a new model changes nothing."
    )
    worse = "Worse than als32-aaaaaa: hit rate 36.0% against 60.0%, -40.0% (-50.0% to -30.0%), 500 requests."
    kept.decide(
        "release.rolled_back",
        kept.begin("als8-42d0c1"),
        WORSE,
        phase=Phase.ROLLED_BACK,
        place=1,
        reason=worse,
    )
    state = kept.begin()
    state = kept.decide("release.advanced", state, QUIET, phase=Phase.WATCHING, place=2, reason="Not worse.")
    kept.decide("release.paused", state, SLOW_STORAGE, phase=Phase.PAUSED, served=35.0, reason=SLOW)

    page.goto("/")
    page.get_by_role("link", name="Releases").click()
    expect(page.get_by_role("heading", name=f"{NEW} in place of")).to_be_visible()
    expect(page.get_by_role("list", name="Steps").locator("[aria-current=step]")).to_contain_text("5%")
    decisions = page.get_by_role("list", name="Decisions", exact=True)
    decisions.get_by_text("Evidence", exact=True).first.click()
    expect(decisions.get_by_role("link", name="Incident 3")).to_be_visible()
    page.get_by_text("Decisions", exact=True).last.click()
    expect(page.get_by_role("list", name="Decisions on als8-42d0c1")).to_be_visible()
    check_fit_and_contrast(page)
    page.evaluate("scrollTo(0, 0)")
    take_picture(page, tmp_path / "paused.png")
    page.set_viewport_size({"width": 320, "height": 900})
    page.screenshot(path=tmp_path / "paused-320.png", full_page=True)


def test_r22_the_page_follows_a_release_by_itself(page: Page, kept: Folder, tmp_path: Path) -> None:
    page.clock.install()
    page.goto("/releases")
    expect(page.get_by_role("heading", name="No release yet")).to_be_visible()
    check_fit_and_contrast(page)
    kept.decide("release.held", kept.begin(), QUIET, phase=Phase.HELD, place=1, reason="Is it the version?")
    page.clock.fast_forward(11_000)
    expect(page.get_by_text("It waits for an answer:")).to_be_visible()
    check_fit_and_contrast(page)
    take_picture(page, tmp_path / "held.png")
