"""What users did with their answers: clicks and thumbs at once, quality when its window closes."""

import asyncio
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from time import monotonic

import structlog

from services.demo.recommender.answers import Answer, Labels
from services.demo.recommender.instrumentation import Recorder
from services.demo.recommender.settings import RecommenderSettings
from services.demo.recommender.signals.judgement import Judgement, judge

SWEEP_INTERVAL = 1.0

log = structlog.get_logger()


class Event(StrEnum):
    """What a user can do with an item."""

    CLICK = "click"
    THUMBS_UP = "thumbs_up"
    THUMBS_DOWN = "thumbs_down"


class UnknownRequest(LookupError):
    """Feedback on a request that was never answered, or too long ago."""


class ItemNotShown(ValueError):
    """Feedback on an item that the answer did not contain."""


@dataclass(slots=True)
class _Shown:
    item_ids: tuple[int, ...]
    labels: Labels
    shown_at: float
    clicked: tuple[int, ...] = ()
    events: set[tuple[int, Event]] = field(default_factory=set)


class Feedback:
    """The answers feedback can still arrive for, bounded in number and in time.

    A request is labelled when its window closes. Windows still open when the process stops, or when their
    request is pushed out by newer ones, are left uncounted: half-known labels would bias the hit rate. That
    requests are pushed out is logged, with what to do.
    """

    def __init__(
        self, settings: RecommenderSettings, recorder: Recorder, clock: Callable[[], float] = monotonic
    ) -> None:
        self._window = settings.attribution_window
        self._retention = settings.feedback_retention
        self._capacity = settings.feedback_capacity
        self._recorder = recorder
        self._clock = clock
        self._shown: OrderedDict[str, _Shown] = OrderedDict()
        self._open: deque[_Shown] = deque(maxlen=self._capacity)
        self._pushed_out = 0

    def expect(self, answer: Answer) -> None:
        """Remember an answer, so that feedback on it is understood."""
        item_ids = tuple(item_id for item_id, _ in answer.items)
        shown = _Shown(item_ids, answer.labels, self._clock())
        self._shown[answer.request_id] = shown
        self._pushed_out += len(self._open) == self._capacity
        self._open.append(shown)
        if len(self._shown) > self._capacity:
            self._shown.popitem(last=False)

    def take(self, request_id: str, item_id: int, event: Event) -> bool:
        """Count one event; False if it was counted before. Raises `UnknownRequest` or `ItemNotShown`."""
        shown = self._shown.get(request_id)
        if shown is None:
            raise UnknownRequest(f"request {request_id} is unknown, or older than {self._retention:g} s")
        if item_id not in shown.item_ids:
            raise ItemNotShown(f"item {item_id} is not in the answer to request {request_id}")
        if (item_id, event) in shown.events:
            return False
        shown.events.add((item_id, event))
        self._count(shown, item_id, event)
        return True

    async def run(self) -> None:
        """Sweep every second until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_INTERVAL)
            self.sweep()

    def sweep(self) -> None:
        """Label the requests whose window has closed, forget those that are too old."""
        now = self._clock()
        requests: Counter[Labels] = Counter()
        judged: defaultdict[Labels, Judgement] = defaultdict(Judgement)
        while self._open and now - self._open[0].shown_at >= self._window:
            shown = self._open.popleft()
            requests[shown.labels] += 1
            if shown.clicked:
                judgement = judge(shown.clicked, len(shown.item_ids))
                judged[shown.labels] = judged[shown.labels].plus(judgement)
        for labels, count in requests.items():
            self._recorder.count_labelled(labels, count, judged[labels])
        if self._pushed_out:
            log.warning("labels lost: raise RECOMMENDER_FEEDBACK_CAPACITY", requests=self._pushed_out)
            self._pushed_out = 0
        while self._shown and now - next(iter(self._shown.values())).shown_at > self._retention:
            self._shown.popitem(last=False)

    def _count(self, shown: _Shown, item_id: int, event: Event) -> None:
        if event is Event.CLICK:
            if self._clock() - shown.shown_at < self._window:
                shown.clicked += (shown.item_ids.index(item_id),)
            self._recorder.count_click(shown.labels)
        else:
            self._recorder.count_thumb(shown.labels, event.removeprefix("thumbs_"))
