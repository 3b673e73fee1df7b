"""The flag file as it changes: what is bad is said once, and the last good flag kept."""

import time
from collections.abc import Callable
from math import inf
from pathlib import Path

import structlog

from services.demo.flags.flag import Flag, parse_flag

log = structlog.get_logger()


class FlagFile:
    """A file that may come, change, lapse and go; `clock` gives Unix seconds."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._until = inf
        self._text: str | None = None
        self._flag: Flag | None = None
        self._problem: str | None = None

    def read(self) -> Flag | None:
        """The flag as the file is now, as it was last good if it is bad; None if there is none, or it lapsed.

        The same object while nothing but its `until` changes.
        """
        try:
            self._follow(self._path.read_text())
        except FileNotFoundError:
            self._text = self._flag = self._problem = None
            self._until = inf
        except (OSError, ValueError) as error:
            self._report(str(error))
        if self._clock() >= self._until:
            self._report("nobody has renewed it: it has lapsed")
            return None
        return self._flag

    def _follow(self, text: str) -> None:
        if text == self._text:
            return
        flag = parse_flag(text)
        self._text, self._problem, self._until = text, None, flag.until if flag else inf
        if flag is None or flag != self._flag:
            self._flag = flag
            log.info("flag read", file=str(self._path), shares=flag.shares if flag else None)

    def _report(self, problem: str) -> None:
        if problem != self._problem:
            self._problem = problem
            log.error("flag file cannot be used", file=str(self._path), problem=problem)
