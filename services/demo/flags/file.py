"""Files as they change: what is bad is said once, and what was last good is kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import structlog

from services.demo.flags.flag import Flag, parse_flag
from services.demo.flags.shadow import Shadow, parse_shadow

log = structlog.get_logger()
Content = TypeVar("Content")


class _File(Generic[Content]):
    """A file that may come, change and go."""

    def __init__(self, path: Path, parse: Callable[[str], Content | None]) -> None:
        self._path = path
        self._parse = parse
        self._text: str | None = None
        self._content: Content | None = None
        self._problem: str | None = None

    def read(self) -> Content | None:
        """What the file says now, what it said last if it is bad, None if there is none."""
        try:
            self._follow(self._path.read_text())
        except FileNotFoundError:
            self._text = self._content = self._problem = None
        except (OSError, ValueError) as error:
            self._report(str(error))
        return self._content

    def _follow(self, text: str) -> None:
        if text == self._text:
            return
        content = self._parse(text)
        self._text, self._content, self._problem = text, content, None
        log.info("flag read", file=str(self._path), says=self._describe(content))

    def _describe(self, content: Content | None) -> object:
        return content

    def _report(self, problem: str) -> None:
        if problem != self._problem:
            self._problem = problem
            log.error("flag file cannot be used", file=str(self._path), problem=problem)


class FlagFile(_File[Flag]):
    """Which version answers whom."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, parse_flag)

    def _describe(self, content: Flag | None) -> object:
        return content.shares if content else None


class ShadowFile(_File[Shadow]):
    """Which version answers in the shadow."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, parse_shadow)

    def _describe(self, content: Shadow | None) -> object:
        return content.model_dump() if content else None
