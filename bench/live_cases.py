"""Cases on live stacks of their own, each kept in a file of JSON lines as it ends.

up, with the case's own users ──▶ what is done and seen, bounded ──▶ mended and down ──▶ a line

What is in the file is not run again, so an interrupted command goes on where it was.
"""

import os
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIG_IGN, SIGHUP, SIGINT, SIGKILL, SIGTERM, default_int_handler, getsignal, signal
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from rich.console import Console

from bench.incidents.document import replace_between
from bench.incidents.stacks import BenchStack
from bench.incidents.tables import Table
from bench.left_processes import end_left, note
from bench.lines import append_line, read_lines
from stack import ROOT, StackError

ENDS_WITHIN = 30.0
"""Seconds that a command has to end after an interrupt, before it is killed."""

END = "<!-- end -->"
"""The mark in a page after what a command writes there."""

SAID = 300
"""Characters of what a command said last that are told."""

Notify = Callable[[str], None]


class Kept(BaseModel):
    """What is written into a line."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Case(Kept):
    """The `round`-th run of what has that name."""

    name: str
    round: int

    @property
    def id(self) -> str:
        return f"{self.name}-{self.round}"

    @property
    def seed(self) -> int:
        """Of the users, and of the moments by chance: each case has its own."""
        return zlib.crc32(self.id.encode())


class LiveRun(Kept):
    """A case that was run; `load` is the machine's load average at its end. Times are Unix seconds."""

    case: Case
    load: float


R = TypeVar("R", bound=LiveRun)


def list_cases(names: Sequence[str], rounds: int) -> list[Case]:
    """Round by round, so that every name has run once before any runs twice."""
    return [Case(name=name, round=number) for number in range(1, rounds + 1) for name in names]


def choose(known: Mapping[str, object], wanted: str) -> list[str]:
    """The names in a list with commas, all if it is empty. Raises StackError for one that is not known."""
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    if unknown := [name for name in names if name not in known]:
        raise StackError(f"no case {', '.join(unknown)}: choose from {', '.join(known)}")
    return names or list(known)


def read_runs(file: Path, kind: type[R]) -> list[R]:
    """All runs of a file; none without one. Raises StackError naming a line that is not a run."""
    runs = []
    for number, line in enumerate(read_lines(file), 1):
        try:
            runs.append(kind.model_validate_json(line))
        except ValidationError as error:
            (first, *_) = error.errors()
            raise StackError(f"{file}:{number} is not a run: {first['msg']}; delete the line") from None
    return runs


def write_tables(page: Path, begin: str, tables: Sequence[Table], none: str, note: str = "") -> None:
    """Writes tables between the marks in a page and a note after them, or what stands there without any."""
    parts = [*(table.to_markdown() for table in tables), note] if tables else [f"{none}\n"]
    replace_between(page, begin, END, "\n".join(filter(None, parts)))


def run_missing(
    cases: Sequence[Case], file: Path, kind: type[R], run: Callable[[Case], R], notify: Notify
) -> int:
    """Run the cases that the file does not have, add each as it ends; how many failed.

    A run that cannot be carried out is told and not kept: the next call runs that case again.
    """
    done = {each.case for each in read_runs(file, kind)}
    missing = [case for case in cases if case not in done]
    notify(f"{len(missing)} of {len(cases)} cases to run")
    failed = 0
    for case in missing:
        try:
            append_line(file, run(case).model_dump_json(exclude_defaults=True))
        except Exception as error:  # hours of other runs must not end with this one
            failed += 1
            notify(f"{case.id}: not counted: {type(error).__name__}: {error}")
    return failed


def run_and_show(
    cases: Sequence[Case],
    file: Path,
    kind: type[R],
    run: Callable[[Case], R],
    tabulate: Callable[[Sequence[R]], list[Table]],
    console: Console,
) -> None:
    """Run what is missing and print the tables of all runs. Raises StackError when some were not kept."""
    failed = run_missing(cases, file, kind, run, console.print)
    for table in tabulate(read_runs(file, kind)):
        console.print(table.to_rich(), "")
    if failed:
        raise StackError(f"{failed} runs failed and were not kept: the same command runs them again")


@contextmanager
def stack_for(case: Case, folder: Path, settings: Mapping[str, str], notify: Notify) -> Iterator[BenchStack]:
    """A stack with data that begin empty and the case's users; faults are mended and it is stopped at the
    end, and if a killed command has left one. Raises StackError."""
    end_left(folder)
    stack = BenchStack(folder, settings=settings)
    with suppress(StackError):
        stack.run("faults", "mend")
    try:
        stack.up(case.seed)
        yield stack
    finally:
        for undoing in (("faults", "mend"), ("stack", "down")):
            try:
                stack.run(*undoing)
            except StackError as error:
                notify(f"{case.id}: {error}")


@contextmanager
def command(stack: BenchStack, log: Path, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """`python -m …` on the stack, in the background, until it is interrupted at the end of the context."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env=stack.environment | {"PYTHONUNBUFFERED": "1"},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            note(stack.data, process.pid)
            yield process
        finally:
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """With all that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(ENDS_WITHIN)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, SIGKILL)
    process.wait()


def last_words(log: Path) -> str:
    """The last line that a command wrote."""
    lines = log.read_text(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")[:SAID]


def wait_for(over: Callable[[], bool], until: float) -> bool:
    """Ask each second whether it is over, until a moment (Unix seconds); whether it was."""
    while not over():
        if time.time() >= until:
            return False
        time.sleep(1)
    return True


def wait_until(moment: float) -> None:
    """Return at a moment (Unix seconds)."""
    wait_for(lambda: False, moment)


def end_by_interrupt() -> None:
    """Let a request to terminate, or the end of the terminal, end this process as Ctrl-C does: with what
    stands in `finally`. What is ignored still is."""
    for ending in (SIGTERM, SIGHUP):
        if getsignal(ending) is not SIG_IGN:
            signal(ending, default_int_handler)


def read_load() -> float:
    """The machine's load average of the last minute."""
    return round(os.getloadavg()[0], 2)
