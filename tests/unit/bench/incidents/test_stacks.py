"""A stack of a run's own: what its commands say."""

from types import SimpleNamespace
from typing import Any

import pytest

from bench.incidents.stacks import BenchStack
from stack import StackError


def pid(said: str) -> int:
    stack: Any = SimpleNamespace(_python=lambda *_: said)
    return BenchStack.pid(stack, "retraining")


def test_the_id_of_a_process_nobody_knows_is_told_in_a_line() -> None:
    assert pid("4711\n") == 4711
    with pytest.raises(StackError, match="nobody knows of retraining: the stack does not answer"):
        pid("\n")
