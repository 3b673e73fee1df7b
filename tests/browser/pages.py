"""What tests of pages have in common: what a browser complains about, and whether all can be read."""

from pathlib import Path
from typing import Literal

from playwright.sync_api import ConsoleMessage, Page

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

SPILLING = """() => [...document.querySelectorAll(".card")]
  .filter((card) => card.scrollWidth > card.clientWidth).map((card) => card.textContent.trim().slice(0, 9))"""
"""Cards whose content is wider than they are."""

CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const linear = (part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => [[r, 0.2126], [g, 0.7152], [b, 0.0722]]
    .reduce((sum, [part, weight]) => sum + weight * linear(part / 255), 0);
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const color = rgb(getComputedStyle(node).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255];
  };
  const says = (node) => [...node.childNodes].some((part) => part.nodeType === 3 && part.data.trim());
  const contrast = (node) => {
    const [low, high] = [light(rgb(getComputedStyle(node).color)), light(ground(node))].sort((x, y) => x - y);
    return [(high + 0.05) / (low + 0.05), node.textContent.trim().slice(0, 40)];
  };
  return [...document.querySelectorAll("main *:not(svg *)")]
    .filter((node) => node.checkVisibility() && says(node)).map(contrast).filter(([ratio]) => ratio < 4.5);
}"""
"""Texts whose contrast with their ground is below what WCAG 2.2 asks for (1.4.3, level AA)."""


def listen(page: Page, complaints: list[str]) -> None:
    """Note what the browser warns of, and scripts that fail."""

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))


def check_fit_and_contrast(page: Page) -> None:
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for width in (320, 400, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(SPILLING) == []
        assert page.evaluate(CONTRAST) == []


def take_picture(page: Page, file: Path) -> None:
    """The whole page at both widths; nobody compares it, it is there to be looked at."""
    page.emulate_media(color_scheme="light")
    for width in (400, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=file.with_stem(f"{file.stem}-{width}"), full_page=True)
        assert file.with_stem(f"{file.stem}-{width}").stat().st_size > 50_000
