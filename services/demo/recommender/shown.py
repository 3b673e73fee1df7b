"""Answers that feedback can still arrive for, and where they are kept; times in seconds on one clock."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import NamedTuple, Protocol

from services.demo.recommender.answers import Labels


class Event(StrEnum):
    """What a user can do with an item."""

    CLICK = "click"
    THUMBS_UP = "thumbs_up"
    THUMBS_DOWN = "thumbs_down"


class UnknownRequest(LookupError):
    """Feedback on a request that was never answered, or too long ago."""


class ItemNotShown(ValueError):
    """Feedback on an item that the answer did not contain."""

    def __init__(self, reaction: "Reaction") -> None:
        super().__init__(f"item {reaction.item_id} is not in the answer to request {reaction.request_id}")


class Shown(NamedTuple):
    """An answer as feedback needs to know it."""

    request_id: str
    user_id: int
    item_ids: tuple[int, ...]
    labels: Labels
    at: float


class Reaction(NamedTuple):
    """What a user did with an item of an answer."""

    request_id: str
    item_id: int
    event: Event
    at: float


class Closed(NamedTuple):
    """An answer whose attribution window has closed, and the places of its items clicked in time."""

    labels: Labels
    user_id: int
    item_ids: tuple[int, ...]
    clicked: tuple[int, ...]


class AnswerStore(AbstractAsyncContextManager["AnswerStore"], Protocol):
    """Keeps answers, bounded in number and in time, and joins feedback to them, each event once.

    It works inside `async with`. `pushed_out` counts answers that gave way to newer ones before they were
    labelled, until it is set to 0.
    """

    pushed_out: int

    def put(self, shown: Shown) -> None:
        """Remember an answer."""

    async def add(self, reaction: Reaction) -> Labels | None:
        """Join feedback: the labels of its answer, None if it was joined before.

        Raises `UnknownRequest` or `ItemNotShown`.
        """

    async def close_windows(self, now: float) -> Sequence[Closed]:
        """The answers whose window has closed, each once; forgets those that are too old."""
