import signal
from collections.abc import Iterator

import pytest

from stack.running.interrupts import hold_interrupts, until_interrupted


@pytest.fixture(autouse=True)
def foreground() -> Iterator[None]:
    """A shell starts background jobs with interrupts ignored."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)


def test_an_interrupt_is_noticed_at_the_next_item() -> None:
    seen = []
    with pytest.raises(KeyboardInterrupt), hold_interrupts() as interrupted:
        for item in until_interrupted(interrupted, range(5)):
            seen.append(item)
            if item == 1:
                signal.raise_signal(signal.SIGINT)
    assert seen == [0, 1]


def test_an_interrupt_while_an_object_is_finalised_is_not_lost() -> None:
    class Finalised:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt), hold_interrupts() as interrupted:
        for _ in until_interrupted(interrupted, range(5)):
            Finalised()


def test_afterwards_an_interrupt_raises_again() -> None:
    with hold_interrupts():
        pass
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_what_ignores_interrupts_goes_on_ignoring_them() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with hold_interrupts() as interrupted:
        signal.raise_signal(signal.SIGINT)
    assert not interrupted.is_set()
