"""What users were shown and clicked reaches the bucket, whole and bounded, and no request waits for it."""

import asyncio
from typing import cast

import pytest

from services.demo.recommender import history as module
from services.demo.recommender.answers import Labels, Source
from services.demo.recommender.connection import Connection
from services.demo.recommender.history import HistoryWriter
from services.demo.recommender.shown import Closed
from services.demo.storage.client import ObjectStore
from services.demo.storage.history import KEPT, MINUTE, History, history_key
from tests.unit.services.demo.recommender.support import FakeStore, client_error, published, serve, until

LABELS = Labels(Source.PERSONALISED, "v1", "heavy")


class Desk:
    """A writer on a storage in memory, with a clock that stands still unless moved."""

    def __init__(self) -> None:
        self.now = 10 * MINUTE
        self.store = FakeStore()
        connection = Connection(cast(ObjectStore, self.store), "whence", "127.0.0.1", 9100)
        self.writer = HistoryWriter(connection, "3", clock=lambda: self.now)

    def answer(self, user_id: int, clicked: tuple[int, ...] = ()) -> None:
        self.writer.add(Closed(LABELS, user_id, (5, 6, 7), clicked))

    def write(self) -> None:
        asyncio.run(self.writer.write())

    def read(self, minute: int) -> History:
        return History.from_bytes(self.store.objects[history_key("3", minute)])


def test_r23_each_minute_is_an_object_with_who_was_shown_what_and_clicked_what() -> None:
    desk = Desk()
    desk.answer(1, (0, 2))
    desk.now += MINUTE
    desk.answer(2)
    desk.write()
    first, second = desk.read(10), desk.read(11)
    assert first.user_ids.tolist() == [1] and first.item_ids.tolist() == [5, 6, 7]
    assert first.clicked.tolist() == [True, False, True]
    assert second.user_ids.tolist() == [2] and not second.clicked.any()


def test_a_minute_under_way_is_written_again_when_it_has_grown() -> None:
    desk = Desk()
    for user_id in (1, 2):
        desk.answer(user_id)
        desk.write()
    assert desk.read(10).user_ids.tolist() == [1, 2]


def test_what_storage_did_not_take_is_written_when_it_is_back(capsys: pytest.CaptureFixture[str]) -> None:
    desk = Desk()
    desk.store.errors[history_key("3", 10)] = client_error("SlowDown", 503)
    desk.answer(1)
    desk.write()
    desk.write()
    desk.now += MINUTE
    desk.store.errors.clear()
    desk.write()
    assert desk.read(10).user_ids.tolist() == [1]
    assert capsys.readouterr().out.count("feedback is not kept for training") == 1


def test_memory_and_bucket_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    for minute in range(KEPT + 5):
        desk.now = float(minute * MINUTE)
        desk.answer(minute)
        desk.write()
    assert len(desk.store.objects) == KEPT
    assert desk.read(KEPT + 2).user_ids.tolist() == [KEPT + 2]
    monkeypatch.setattr(module, "MOST", 2)
    small = Desk()
    for user_id in (1, 2, 3):
        small.answer(user_id)
    small.write()
    assert small.read(10).user_ids.tolist() == [2, 3]


@pytest.mark.anyio
async def test_the_running_recommender_keeps_what_was_clicked() -> None:
    async with serve(published(), attribution_window=0.5) as service:
        answer = await service.ask(1, k=3)
        item = answer["items"][1]["item_id"]
        body = {"request_id": answer["request_id"], "item_id": item, "event": "click"}
        assert (await service.client.post("/feedback", json=body)).status_code == 202
        await until(lambda: service.total("recommendation.labelled") == 1, "the answer is labelled")
    (kept,) = (data for key, data in service.store.objects.items() if key.startswith("feedback/0/"))
    history = History.from_bytes(kept)
    assert history.user_ids.tolist() == [1]
    assert history.item_ids.tolist() == [each["item_id"] for each in answer["items"]]
    assert history.clicked.tolist() == [False, True, False]


@pytest.mark.anyio
async def test_recommenders_beside_each_other_do_not_overwrite_what_the_others_keep() -> None:
    async with serve(published(), attribution_window=0.5, replica="2") as service:
        await service.ask(1, k=3)
        await until(lambda: service.total("recommendation.labelled") == 1, "the answer is labelled")
    kept = [key for key in service.store.objects if key.startswith("feedback/")]
    assert kept and all(key.startswith("feedback/2-0/") for key in kept)
