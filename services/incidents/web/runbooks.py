"""Runbooks: Markdown files, one per alert, shown as pages."""

import re
from pathlib import Path

from markdown_it import MarkdownIt
from markupsafe import Markup

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_TITLE = re.compile(r"^# +(.+?) *$", re.MULTILINE)


def find_runbook(folder: Path, slug: str) -> Path | None:
    """The file of a runbook, or None if there is none or `slug` is not one."""
    path = folder / f"{slug}.md"
    return path if len(slug) <= 100 and _SLUG.fullmatch(slug) and path.is_file() else None


def render_runbook(path: Path) -> tuple[str, Markup]:
    """Title and HTML of a runbook; HTML in the file is shown as text."""
    text = path.read_text(encoding="utf-8")
    title = _TITLE.search(text)
    return title[1] if title else path.stem, Markup(_MARKDOWN.render(text))


def render_inline(text: str) -> Markup:
    """A sentence in Markdown as HTML; HTML in it is shown as text."""
    return Markup(_MARKDOWN.renderInline(text))
