"""Files as they change: what is bad is said once, and what was last good is kept."""

import time
from collections.abc import Callable
from math import inf
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
        self._text, self._problem = text, None
        if content is None or content != self._content:
            log.info("flag read", file=str(self._path), says=self._describe(content))
            self._content = content

    def _describe(self, content: Content | None) -> object:
        return content

    def _report(self, problem: str) -> None:
        if problem != self._problem:
            self._problem = problem
            log.error("flag file cannot be used", file=str(self._path), problem=problem)


class FlagFile(_File[Flag]):
    """Which version answers whom, until it lapses; `clock` gives Unix seconds.

    The flag is the same object while nothing but its `until` changes.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        super().__init__(path, self._parse_flag)
        self._clock = clock
        self._until = inf

    def read(self) -> Flag | None:
        """As it is now; None, too, if nobody has renewed it in time."""
        flag = super().read()
        if flag is None or self._clock() < self._until:
            return flag
        self._report("nobody has renewed it: it has lapsed")
        return None

    def _parse_flag(self, text: str) -> Flag | None:
        flag = parse_flag(text)
        self._until = flag.until if flag else inf
        return flag

    def _describe(self, content: Flag | None) -> object:
        return content.shares if content else None


class ShadowFile(_File[Shadow]):
    """Which version answers in the shadow."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, parse_shadow)

    def _describe(self, content: Shadow | None) -> object:
        return content.model_dump() if content else None
