"""What users did with their answers: clicks and thumbs at once, quality when its window closes."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable
from time import monotonic

from services.demo.recommender.answers import Answer, Labels
from services.demo.recommender.instrumentation import Recorder
from services.demo.recommender.settings import RecommenderSettings
from services.demo.recommender.shown import AnswerStore, Event, Reaction, Shown, StillQueued, UnknownRequest
from services.demo.recommender.signals.judgement import Judgement, judge

SWEEP_INTERVAL = 1.0


class Feedback:
    """Counts feedback under the labels of its answer; an answer is labelled when its window closes.

    `clock` gives seconds; in several processes it has to be the same one. `monotonic` is, on one machine.
    """

    def __init__(
        self,
        settings: RecommenderSettings,
        recorder: Recorder,
        store: AnswerStore,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._retention = settings.feedback_retention
        self._recorder = recorder
        self._store = store
        self._clock = clock

    def expect(self, answer: Answer) -> None:
        """Remember an answer, so that feedback on it is understood."""
        item_ids = tuple(item_id for item_id, _ in answer.items)
        self._store.put(Shown(answer.request_id, item_ids, answer.labels, self._clock()))

    async def take(self, request_id: str, item_id: int, event: Event) -> bool:
        """Count one event; False if it was counted before, or is to be counted once the store answers.

        Raises `UnknownRequest` or `ItemNotShown`.
        """
        try:
            labels = await self._store.add(Reaction(request_id, item_id, event, self._clock()))
        except UnknownRequest:
            raise UnknownRequest(
                f"request {request_id} is unknown, or older than {self._retention:g} s"
            ) from None
        except StillQueued as queued:
            queued.joined.add_done_callback(lambda joined: self._count_late(joined, event))
            return False
        if labels is None:
            return False
        self._count(labels, event)
        return True

    async def run(self) -> None:
        """Sweep every second until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_INTERVAL)
            await self.sweep()

    async def sweep(self) -> None:
        """Label the requests whose window has closed."""
        requests: Counter[Labels] = Counter()
        judged: defaultdict[Labels, Judgement] = defaultdict(Judgement)
        for labels, shown, clicked in await self._store.close_windows(self._clock()):
            requests[labels] += 1
            if clicked:
                judged[labels] = judged[labels].plus(judge(clicked, shown))
        for labels, count in requests.items():
            self._recorder.count_labelled(labels, count, judged[labels])

    def _count_late(self, joined: asyncio.Future[Labels | None], event: Event) -> None:
        if joined.cancelled() or joined.exception():
            return
        if (labels := joined.result()) is not None:
            self._count(labels, event)

    def _count(self, labels: Labels, event: Event) -> None:
        if event is Event.CLICK:
            self._recorder.count_click(labels)
        else:
            self._recorder.count_thumb(labels, event.removeprefix("thumbs_"))
