"""The report in a real browser: whole without a network, within the screen, light and dark, on paper."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.unit.report.test_page import made

TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("report") / "review.html"
    file.write_text(made())
    return file


@pytest.fixture(params=["light", "dark"])
def page(browser: Browser, file: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(color_scheme=request.param)
    page = context.new_page()
    complaints: list[str] = []
    page.on("request", lambda sent: complaints.append(sent.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(file.as_uri())
    assert complaints == [file.as_uri()]
    yield page
    context.close()


@pytest.mark.parametrize("width", [390, 1280])
def test_fits_the_screen(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    assert not page.evaluate(TOO_WIDE)


def test_every_drawing_has_its_size_and_its_numbers(page: Page) -> None:
    drawings = page.get_by_role("img").all()
    assert len(drawings) >= 8
    for drawing in drawings:
        box = drawing.bounding_box()
        assert box and box["width"] > 500 and box["height"] > 40
    page.get_by_text("The numbers behind it").first.click()
    assert page.get_by_role("table").filter(has_text="Until (UTC)").first.is_visible()


def test_is_a_few_pages_of_paper(page: Page) -> None:
    paper = page.pdf(prefer_css_page_size=True)
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", paper)) <= 8
