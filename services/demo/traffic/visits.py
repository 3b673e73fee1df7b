"""Visits of simulated users, open loop: they come when they come, however slow the answers are."""

import asyncio
import time

import httpx
import numpy as np
import structlog
from pydantic import BaseModel, ValidationError

from services.demo.traffic.behaviour import BehaviourFile
from services.demo.traffic.crowd import Crowd
from services.demo.traffic.habits import Habits, Reaction, react
from services.demo.traffic.settings import FASTEST
from services.demo.traffic.tally import Tally

log = structlog.get_logger()
MAX_IN_FLIGHT = 64
MAX_VISITS = 2000
MAX_LATENESS = 1.0
AWAY_AFTER_FAILURES = 5
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 5.0


class _Item(BaseModel):
    item_id: int


class _Answer(BaseModel):
    request_id: str
    source: str
    items: list[_Item]


class Visits:
    """Sends requests and reactions through `client` and counts them in `tally`, which may be replaced.

    At most 64 requests and 2,000 visits (a request and the reactions to it) are under way; past that, and
    when the recommender is away, users are not queued: the schedule moves on. Each request asks for `k`
    items. Without `behaviour` users behave as usual.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        crowd: Crowd,
        habits: Habits,
        seed: int,
        k: int,
        behaviour: BehaviourFile | None = None,
    ) -> None:
        self.tally = Tally()
        self._client = client
        self._crowd = crowd
        self._habits = habits
        self._seed = seed
        self._k = k
        self._behaviour = behaviour or BehaviourFile(None)
        self._in_flight = asyncio.Semaphore(MAX_IN_FLIGHT)
        self._open = asyncio.Semaphore(MAX_VISITS)
        self._failures_in_a_row = 0

    async def run(
        self, rate: float, requests: int | None, duration: float | None, patience: float | None
    ) -> bool:
        """Send `rate` requests/s at random (Poisson) moments, `requests` of them or for `duration` seconds.

        Then waits for the reactions still to come. False if the recommender was away for more than `patience`
        seconds, which ends the run.
        """
        clock = asyncio.get_running_loop().time
        rng = np.random.default_rng(self._seed)
        if not await self.wait_until_ready(patience):
            return False
        due = started = clock()
        sent = 0
        async with asyncio.TaskGroup() as visits:
            while (requests is None or sent < requests) and (
                duration is None or clock() - started < duration
            ):
                if self._failures_in_a_row >= AWAY_AFTER_FAILURES and not await self.wait_until_ready(
                    patience
                ):
                    return False
                behaviour = self._behaviour.current
                pace = min(rate * behaviour.rate_factor, FASTEST)
                due = max(due + rng.exponential(1.0 / pace), clock() - MAX_LATENESS)
                await asyncio.sleep(due - clock())
                await self._open.acquire()
                await self._in_flight.acquire()
                visits.create_task(self._visit(sent, self._crowd.choose(due, rng, behaviour.mix)))
                sent += 1
        return True

    async def wait_until_ready(self, patience: float | None) -> bool:
        """Ask /readyz until it says 200, pausing up to 5 s; False after `patience` seconds (None: never)."""
        started = time.monotonic()
        pause = FIRST_PAUSE
        while not await self._is_ready():
            waited = time.monotonic() - started
            if patience is not None and waited >= patience:
                return False
            log.warning(
                "recommender not ready", url=str(self._client.base_url), waited_seconds=round(waited, 1)
            )
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        self._failures_in_a_row = 0
        return True

    async def _is_ready(self) -> bool:
        try:
            return (await self._client.get("/readyz")).is_success
        except httpx.HTTPError:
            return False

    async def _visit(self, number: int, user_id: int) -> None:
        try:
            answer = await self._ask(user_id)
            if answer:
                await self._react(number, user_id, answer)
        finally:
            self._open.release()

    async def _ask(self, user_id: int) -> _Answer | None:
        tally = self.tally
        tally.sent += 1
        started = time.perf_counter()
        try:
            response = await self._client.get(f"/recommendations/{user_id}", params={"k": self._k})
            status = str(response.status_code)
            answer = _Answer.model_validate_json(response.content) if response.is_success else None
            self._failures_in_a_row = 0
        except httpx.HTTPError as error:
            status, answer = type(error).__name__, None
            self._failures_in_a_row += 1
        except ValidationError:
            status, answer = "malformed answer", None
        finally:
            self._in_flight.release()
        tally.by_status[status] += 1
        if answer is None:
            tally.failed += 1
            return None
        tally.latencies.append(1000.0 * (time.perf_counter() - started))
        tally.answered += 1
        tally.by_source[answer.source] += 1
        return answer

    async def _react(self, number: int, user_id: int, answer: _Answer) -> None:
        items = [item.item_id for item in answer.items]
        rng = np.random.default_rng((self._seed, number))
        truth = self._crowd.truth_of(user_id, self._behaviour.current.taste_shift)
        reactions = react(items, truth, self._habits, rng)
        self.tally.hits += bool(reactions)
        waited = 0.0
        for reaction in reactions:
            await asyncio.sleep(reaction.after - waited)
            waited = reaction.after
            await self._tell(answer.request_id, reaction)

    async def _tell(self, request_id: str, reaction: Reaction) -> None:
        body = {"request_id": request_id, "item_id": reaction.item_id, "event": reaction.event}
        tally = self.tally
        try:
            accepted = (await self._client.post("/feedback", json=body)).is_success
        except httpx.HTTPError:
            accepted = False
        tally.feedback_sent += accepted
        tally.feedback_failed += not accepted
        tally.by_event[reaction.event] += accepted
