"""An address of the loopback that nothing reaches: packets to and from it are dropped, connections hang."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from stack import StackError

MARK = "whence-scale-faults"
"""The comment by which a rule is known as one of ours."""


@contextmanager
def cut_off(host: str) -> Iterator[None]:
    """Within the context nobody reaches a host. Raises StackError without the right to do so."""
    require()
    heal()
    try:
        for side in ("-s", "-d"):
            _run("-I", "INPUT", side, host, "-m", "comment", "--comment", MARK, "-j", "DROP")
        yield
    finally:
        heal()


def heal() -> None:
    """Takes away the rules of ours, also those that a killed command has left. Raises StackError."""
    for rule in find_rules(_run("-S", "INPUT")):
        _run("-D", *rule)


def find_rules(listing: str) -> list[list[str]]:
    """The rules of ours in what `iptables -S` prints, as arguments that delete them."""
    return [line.split()[1:] for line in listing.splitlines() if line.startswith("-A") and MARK in line]


def require() -> None:
    """Raises StackError where nobody can be cut off."""
    if problem := find_problem():
        raise StackError(f"a partition needs {problem}: run as root, or name the other faults in ONLY")


def find_problem() -> str | None:
    """What a partition needs that is not there."""
    if os.geteuid() != 0 or not shutil.which("iptables"):
        return "root and iptables"
    try:
        _run("-S", "INPUT")
    except StackError as error:
        return f"iptables that works ({error})"
    return None


def _run(*arguments: str) -> str:
    done = subprocess.run(["iptables", "-w", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise StackError(f"iptables {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout
