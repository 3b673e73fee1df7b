"""Mistakes in a configuration, one line each."""

from collections.abc import Sequence

from pydantic_core import PydanticCustomError

WRONG = "wrong"


class ConfigError(ValueError, SystemExit):
    """`file:line: key: what is wrong (got value); what is allowed`, one such line for each mistake.

    A ValueError for who handles it; unhandled it ends the process with these lines alone, status 1.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(map(_make_printable, lines)))
        self.code = str(self)


def _make_printable(line: str) -> str:
    """What a terminal would hide, obey or refuse is a replacement character."""
    return "".join(each if each.isprintable() else "\ufffd" for each in line)


def wrong(
    problem: str, allowed: str, at: Sequence[str | int] = (), secret: bool = False
) -> PydanticCustomError:
    """The error a validator raises; `at` leads from what it validates to the key that is at fault."""
    context = {"problem": problem, "allowed": allowed, "at": tuple(at), "secret": secret}
    return PydanticCustomError(WRONG, "{problem}; {allowed}", context)
