"""The answers of a process that is alone."""

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from services.demo.recommender.answers import Labels
from services.demo.recommender.settings import RecommenderSettings
from services.demo.recommender.shown import Closed, Event, ItemNotShown, Reaction, Shown, UnknownRequest


@dataclass(slots=True)
class _Known:
    shown: Shown
    clicked: tuple[int, ...] = ()
    events: set[tuple[int, Event]] = field(default_factory=set)


class MemoryStore:
    """Keeps answers in memory.

    Windows still open when the process stops, or when their request is pushed out by newer ones, are left
    uncounted: half-known labels would bias the hit rate.
    """

    def __init__(self, settings: RecommenderSettings) -> None:
        self.pushed_out = 0
        self._window = settings.attribution_window
        self._retention = settings.feedback_retention
        self._capacity = settings.feedback_capacity
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._open: deque[_Known] = deque(maxlen=self._capacity)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return

    def put(self, shown: Shown) -> None:
        known = _Known(shown)
        self._known[shown.request_id] = known
        self.pushed_out += len(self._open) == self._capacity
        self._open.append(known)
        if len(self._known) > self._capacity:
            self._known.popitem(last=False)

    async def add(self, reaction: Reaction) -> Labels | None:
        known = self._known.get(reaction.request_id)
        if known is None:
            raise UnknownRequest(reaction.request_id)
        shown = known.shown
        if reaction.item_id not in shown.item_ids:
            raise ItemNotShown(reaction)
        event = (reaction.item_id, reaction.event)
        if event in known.events:
            return None
        known.events.add(event)
        if reaction.event is Event.CLICK and reaction.at - shown.at < self._window:
            known.clicked += (shown.item_ids.index(reaction.item_id),)
        return shown.labels

    async def close_windows(self, now: float) -> Sequence[Closed]:
        closed = []
        while self._open and now - self._open[0].shown.at >= self._window:
            known = self._open.popleft()
            shown = known.shown
            closed.append(Closed(shown.labels, shown.user_id, shown.item_ids, known.clicked))
        while self._known and now - next(iter(self._known.values())).shown.at > self._retention:
            self._known.popitem(last=False)
        return closed
