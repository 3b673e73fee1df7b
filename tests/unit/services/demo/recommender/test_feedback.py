"""Clicks and thumbs, through the HTTP interface; windows and retention, with a clock of the test's own.

What holds for a process that is alone holds for one of several workers.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from opentelemetry.metrics import NoOpMeterProvider

from services.demo.recommender.answers import Answer, Labels, Reason, Source
from services.demo.recommender.feedback import Feedback
from services.demo.recommender.memory_store import MemoryStore
from services.demo.recommender.settings import RecommenderSettings
from services.demo.recommender.shared.database import Database
from services.demo.recommender.shared.store import SharedStore
from services.demo.recommender.shown import AnswerStore, Closed, Event, ItemNotShown, UnknownRequest
from services.demo.recommender.watch import Watch
from tests.unit.services.demo.recommender.support import published, serve, until

LABELS = Labels(Source.PERSONALISED, "v1", "heavy")
OTHER = Labels(Source.POPULAR, "v1", "light")


@dataclass
class Tally:
    """A recorder that only counts."""

    clicks: list[Labels] = field(default_factory=list)
    thumbs: list[str] = field(default_factory=list)
    labelled: dict[Labels, tuple[int, int]] = field(default_factory=dict)

    def count_click(self, labels: Labels) -> None:
        self.clicks.append(labels)

    def count_thumb(self, labels: Labels, direction: str) -> None:
        self.thumbs.append(direction)

    def count_labelled(self, labels: Labels, requests: int, hits: int) -> None:
        before = self.labelled.get(labels, (0, 0))
        self.labelled[labels] = (before[0] + requests, before[1] + hits)


class Desk:
    """Feedback with a clock that stands still unless moved."""

    def __init__(self, folder: Path | None, capacity: int = 100) -> None:
        self.now = 0.0
        self.tally = Tally()
        self.kept: list[Closed] = []
        settings = RecommenderSettings(
            attribution_window=15, feedback_retention=60, feedback_capacity=capacity
        )
        self.store = self._make_store(settings, folder)
        self.runner = asyncio.Runner()
        self.runner.run(self.store.__aenter__())
        self.feedback = Feedback(
            settings,
            self.tally,  # type: ignore[arg-type]
            self.store,
            Watch(NoOpMeterProvider(), window=15),
            self.kept.append,
            clock=lambda: self.now,
        )

    def show(self, request_id: str, labels: Labels = LABELS) -> None:
        items = [(item, 1.0) for item in (5, 6, 7)]
        self.feedback.expect(Answer(request_id, None, 1, "d", labels, Reason.OK, "default", 0.0, items))

    def take(self, request_id: str, item_id: int, event: Event) -> bool:
        return self.runner.run(self.feedback.take(request_id, item_id, event))

    def sweep(self) -> None:
        async def sweep() -> None:
            if isinstance(self.store, SharedStore):
                await self.store.flush()
            await self.feedback.sweep()

        self.runner.run(sweep())

    def move_to(self, now: float) -> None:
        self.now = now
        self.sweep()

    def close(self) -> None:
        self.runner.run(self.store.__aexit__(None, None, None))
        self.runner.close()

    @staticmethod
    def _make_store(settings: RecommenderSettings, folder: Path | None) -> AnswerStore:
        if folder is None:
            return MemoryStore(settings)
        return SharedStore(Database(folder, settings, settling=0), lambda kind, count: None)


@pytest.fixture(params=["alone", "shared"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return tmp_path if request.param == "shared" else None


@pytest.fixture
def desk(folder: Path | None) -> Iterator[Desk]:
    desk = Desk(folder)
    yield desk
    desk.close()


def test_the_same_event_counts_once_and_different_ones_each(desk: Desk) -> None:
    desk.show("a")
    assert desk.take("a", 5, Event.CLICK)
    assert not desk.take("a", 5, Event.CLICK)
    assert desk.take("a", 6, Event.CLICK)
    assert desk.take("a", 5, Event.THUMBS_UP)
    assert desk.take("a", 5, Event.THUMBS_DOWN)
    assert (len(desk.tally.clicks), desk.tally.thumbs) == (2, ["up", "down"])


def test_who_was_shown_what_is_handed_on_with_the_label(desk: Desk) -> None:
    desk.show("a")
    desk.take("a", 6, Event.CLICK)
    desk.now = 16
    desk.sweep()
    assert desk.kept == [Closed(LABELS, 1, (5, 6, 7), (1,))]


def test_a_request_is_labelled_when_its_window_closes_and_not_before(desk: Desk) -> None:
    desk.show("hit")
    desk.show("no hit")
    desk.show("other", OTHER)
    desk.take("hit", 5, Event.CLICK)
    desk.take("hit", 6, Event.CLICK)
    desk.take("no hit", 5, Event.THUMBS_UP)
    desk.move_to(14.9)
    assert not desk.tally.labelled
    desk.move_to(15.0)
    desk.move_to(30.0)
    assert desk.tally.labelled == {LABELS: (2, 1), OTHER: (1, 0)}


def test_a_late_click_is_a_click_but_no_hit(desk: Desk) -> None:
    desk.show("a")
    desk.now = 15.5
    assert desk.take("a", 5, Event.CLICK)
    desk.sweep()
    assert len(desk.tally.clicks) == 1
    assert desk.tally.labelled == {LABELS: (1, 0)}


def test_an_answer_is_judged_by_the_places_clicked_in_time(desk: Desk) -> None:
    for request_id in ("first", "both", "late", "thumb"):
        desk.show(request_id)
    desk.take("first", 5, Event.CLICK)
    desk.take("both", 7, Event.CLICK)
    desk.take("both", 6, Event.CLICK)
    desk.take("thumb", 5, Event.THUMBS_UP)
    desk.now = 15.0
    desk.take("late", 5, Event.CLICK)
    desk.sweep()
    assert sorted(sorted(closed.clicked) for closed in desk.kept) == [[], [], [0], [1, 2]]


def test_requests_are_forgotten_after_the_retention(desk: Desk) -> None:
    desk.show("a")
    desk.move_to(60.0)
    assert desk.take("a", 5, Event.CLICK)
    desk.move_to(60.1)
    with pytest.raises(UnknownRequest, match="older than 60 s"):
        desk.take("a", 6, Event.CLICK)


def test_requests_pushed_out_by_newer_ones_are_forgotten_never_labelled_and_said(
    folder: Path | None, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(folder, capacity=2)
    for request_id in "abc":
        desk.show(request_id)
    with pytest.raises(UnknownRequest):
        desk.take("a", 5, Event.CLICK)
    desk.move_to(15.0)
    desk.move_to(16.0)
    assert desk.tally.labelled == {LABELS: (2, 0)}
    desk.close()
    (said,) = [line for line in capsys.readouterr().out.splitlines() if "labels lost" in line]
    assert "RECOMMENDER_FEEDBACK_CAPACITY" in said and "1" in said


def test_an_item_that_was_not_shown_is_refused(desk: Desk) -> None:
    desk.show("a")
    with pytest.raises(ItemNotShown, match="item 8 is not in the answer"):
        desk.take("a", 8, Event.CLICK)
    assert not desk.tally.clicks


def test_feedback_over_http() -> None:
    async def scenario() -> None:
        async with serve(published(), attribution_window=0.2) as service:
            answer = await service.ask(3)
            click = {
                "request_id": answer["request_id"],
                "item_id": answer["items"][0]["item_id"],
                "event": "click",
            }
            for counted in (True, False):
                response = await service.client.post("/feedback", json=click)
                assert (response.status_code, response.json()) == (202, {"counted": counted})
            thumb = await service.client.post("/feedback", json=click | {"event": "thumbs_down"})
            assert thumb.status_code == 202
            unknown = await service.client.post("/feedback", json=click | {"request_id": "ffff"})
            assert unknown.status_code == 404 and "ffff" in unknown.json()["detail"]
            unseen = await service.client.post("/feedback", json=click | {"item_id": 10_000})
            assert unseen.status_code == 422 and "10000" in unseen.json()["detail"]
            await until(lambda: service.total("recommendation.labelled") == 1, "the window has closed")
            for name in ("impressions", "clicks", "thumbs", "labelled", "hits"):
                expected = 10 if name == "impressions" else 1
                labels = {"source": "personalised", "model_version": "als4-aaaaaa", "segment": "heavy"}
                assert service.total(f"recommendation.{name}", **labels) == expected, name
            assert service.total("recommendation.thumbs", direction="down") == 1
            for quantity, value in {"precision": 0.1, "ndcg": 1, "reciprocal_rank": 1}.items():
                assert service.total("model.quality", quantity=quantity) == pytest.approx(value), quantity

    asyncio.run(scenario())
