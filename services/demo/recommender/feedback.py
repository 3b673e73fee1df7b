"""What users did with their answers: clicks and thumbs at once, quality when its window closes."""

import asyncio
from collections import Counter
from collections.abc import Callable
from time import monotonic

import structlog

from services.demo.recommender.answers import Answer, Labels
from services.demo.recommender.instrumentation import Recorder
from services.demo.recommender.settings import RecommenderSettings
from services.demo.recommender.shown import AnswerStore, Closed, Event, Reaction, Shown, UnknownRequest
from services.demo.recommender.watch import Watch

SWEEP_INTERVAL = 1.0
PATIENCE = 0.5
"""Seconds that a request with feedback waits for the store of answers."""

log = structlog.get_logger()


class Feedback:
    """Counts feedback under the labels of its answer; an answer is labelled when its window closes.

    `keep` is given each answer when it is labelled. `clock` gives seconds; in several processes it has to be
    the same one. `monotonic` is, on one machine.
    """

    def __init__(
        self,
        settings: RecommenderSettings,
        recorder: Recorder,
        store: AnswerStore,
        watch: Watch,
        keep: Callable[[Closed], None],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._retention = settings.feedback_retention
        self._recorder = recorder
        self._store = store
        self._watch = watch
        self._keep = keep
        self._clock = clock
        self._joining: set[asyncio.Task[bool]] = set()

    def expect(self, answer: Answer) -> None:
        """Remember an answer, so that feedback on it is understood."""
        item_ids = tuple(item_id for item_id, _ in answer.items)
        self._store.put(Shown(answer.request_id, answer.user_id, item_ids, answer.labels, self._clock()))

    async def take(self, request_id: str, item_id: int, event: Event) -> bool:
        """Count one event; False if it was counted before, or will be when the store has got round to it.

        Raises `UnknownRequest` or `ItemNotShown`.
        """
        joining = asyncio.create_task(self._join(Reaction(request_id, item_id, event, self._clock())))
        self._joining.add(joining)
        joining.add_done_callback(self._end_joining)
        await asyncio.wait((joining,), timeout=PATIENCE)
        return joining.done() and joining.result()

    async def run(self) -> None:
        """Sweep every second until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_INTERVAL)
            await self.sweep()

    async def sweep(self) -> None:
        """Label the requests whose window has closed."""
        requests: Counter[Labels] = Counter()
        hits: Counter[Labels] = Counter()
        for closed in await self._store.close_windows(self._clock()):
            self._watch.judge(closed)
            self._keep(closed)
            requests[closed.labels] += 1
            hits[closed.labels] += bool(closed.clicked)
        for labels, count in requests.items():
            self._recorder.count_labelled(labels, count, hits[labels])
        if lost := self._store.pushed_out:
            log.warning("labels lost: raise RECOMMENDER_FEEDBACK_CAPACITY", requests=lost)
            self._store.pushed_out = 0

    async def _join(self, reaction: Reaction) -> bool:
        try:
            labels = await self._store.add(reaction)
        except UnknownRequest as unknown:
            raise UnknownRequest(
                f"request {unknown} is unknown, or older than {self._retention:g} s"
            ) from None
        if labels is None:
            return False
        if reaction.event is Event.CLICK:
            self._recorder.count_click(labels)
        else:
            self._recorder.count_thumb(labels, reaction.event.removeprefix("thumbs_"))
        return True

    def _end_joining(self, joining: asyncio.Task[bool]) -> None:
        self._joining.discard(joining)
        if not joining.cancelled():
            joining.exception()  # whoever waited has it; if nobody does any more, it is no fault
