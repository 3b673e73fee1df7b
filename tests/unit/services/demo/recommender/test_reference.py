"""The training reference of a version: without one the recommender answers, and says so once."""

import asyncio
import json

import pytest
from whence_monitor import make_reference

from tests.unit.services.demo.recommender.support import (
    FakeStore,
    client_error,
    make_features,
    published,
    serve,
    until,
)

KEY = "models/als4-aaaaaa/monitor.json"


def warnings(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line for line in capsys.readouterr().out.splitlines() if "no training reference" in line]


async def answer_while_polled(store: FakeStore) -> str:
    async with serve(store) as service:
        polled = store.reads.count("live.json") + 5
        await until(lambda: store.reads.count("live.json") > polled, "the model was polled again")
        return str((await service.ask(1))["reason"])


UNUSABLE = {"none": None, "cut": b"{", "of another format": b'{"format": "another"}'}


def test_a_usable_reference_needs_no_word(capsys: pytest.CaptureFixture[str]) -> None:
    store = published()
    store.objects[KEY] = make_reference({"seen_count": [1.0, 2.0]}).to_json().encode()
    assert asyncio.run(answer_while_polled(store)) == "ok"
    assert not warnings(capsys)


@pytest.mark.parametrize("content", UNUSABLE.values(), ids=UNUSABLE)
def test_without_a_usable_reference_answers_go_on_and_it_is_said_once(
    capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    store = published()
    if content is not None:
        store.objects[KEY] = content
    assert asyncio.run(answer_while_polled(store)) == "ok"
    said = warnings(capsys)
    assert len(said) == 1 and "als4-aaaaaa" in said[0] and "train again" in said[0]


def test_a_reference_that_storage_does_not_give_now_is_asked_for_again() -> None:
    async def scenario() -> None:
        store = published()
        store.errors[KEY] = client_error("SlowDown", 503)
        async with serve(store, ready=False) as service:
            await until(lambda: store.reads.count(KEY) > 0, "the reference was asked for")
            assert (await service.client.get("/readyz")).status_code == 503
            store.errors.clear()
            await until(lambda: store.reads.count(KEY) > 1, "it was asked for again")

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"factors": [1.0]}, "wrong_length"),
        ({"factors": [1.0, 1.0, 1.0, 1e300]}, "not_finite"),
        ({"user_id": 2}, "wrong_user"),
        ({"seen": "none"}, "malformed"),
        ({"computed_at": 1e308, "padding": "x" * (1 << 20)}, "too_large"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_features_that_break_their_schema_are_counted_by_what_is_wrong(
    changes: dict[str, object], kind: str
) -> None:
    async def scenario() -> None:
        store = published()
        key = "features/als4-aaaaaa/1.json"
        store.objects[key] = json.dumps(json.loads(store.objects[key]) | changes).encode()
        async with serve(store) as service:
            assert (await service.ask(1))["reason"] == "features_invalid"
            assert service.total("recommendation.schema.violations", kind=kind) == 1

    asyncio.run(scenario())


def test_features_that_name_items_the_model_does_not_have_are_used_and_counted() -> None:
    async def scenario() -> None:
        store = published()
        store.objects["features/als4-aaaaaa/1.json"] = make_features(1, seen=[1, 2, 10**6, 10**6 + 1])
        async with serve(store) as service:
            assert list(service.measure("recommendation.schema.violations").values()) == [0]
            for user_id in (1, 1, 2):
                assert (await service.ask(user_id))["reason"] == "ok"
            assert service.total("recommendation.schema.violations", kind="unknown_item") == 2

    asyncio.run(scenario())
