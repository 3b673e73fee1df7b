"""What users saw and did is counted by groups of them, while a flag splits them between versions."""

import asyncio
from collections import Counter
from pathlib import Path
from time import time
from typing import Any

import pytest

from services.assignment import find_group
from services.demo.flags import clear_rollout, write_rollout
from services.demo.recommender import exposures
from tests.unit.services.demo.recommender.support import FakeStore, Service, published, serve, until

LIVE, OTHER = "als4-aaaaaa", "als8-bbbbbb"
USERS = range(100, 160)


def prepare(tmp_path: Path) -> FakeStore:
    store = published(LIVE)
    store.publish(OTHER, factors=8, live=False)
    store.flags = tmp_path / "flags.json"
    write_rollout(store.flags, {LIVE: 50, OTHER: 50}, salt="autumn")
    return store


async def ask_all(service: Service) -> dict[int, dict[str, Any]]:
    return {user: await service.ask(user) for user in USERS}


def users(service: Service) -> dict[str, int]:
    return {version: service.total("experiment.users", model_version=version) for version in (LIVE, OTHER)}


def test_requests_are_counted_by_version_and_group_and_users_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serve(prepare(tmp_path)) as service:
            answers = await ask_all(service)
            await ask_all(service)
            given = Counter(answer["model_version"] for answer in answers.values())
            assert users(service) == given
            expected = Counter(
                (answer["model_version"], find_group(str(user))) for user, answer in answers.items()
            )
            for (version, group), count in expected.items():
                labels = {"model_version": version, "user_group": group}
                assert service.total("experiment.events", event="request", **labels) == 2 * count
            durations = service.measure("experiment.duration").values()
            assert sum(point.count for point in durations) == 2 * len(USERS)

    asyncio.run(scenario())


def test_r15_clicks_thumbs_and_labels_are_counted_for_the_version_and_group_of_their_user(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with serve(prepare(tmp_path), attribution_window=0.5) as service:
            answer = await service.ask(100)
            item = {"request_id": answer["request_id"], "item_id": answer["items"][0]["item_id"]}
            for event in ("click", "thumbs_down"):
                await service.client.post("/feedback", json=item | {"event": event})
            of = {"model_version": answer["model_version"], "user_group": find_group("100")}
            await until(lambda: service.total("experiment.events", event="hit", **of) == 1, "a hit")
            for event in ("click", "thumb_down", "labelled"):
                assert service.total("experiment.events", event=event, **of) == 1, event

    asyncio.run(scenario())


def test_another_split_counts_users_anew_and_without_one_nothing_is_counted(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = prepare(tmp_path)
        async with serve(store) as service:
            await ask_all(service)
            write_rollout(store.flags, {LIVE: 50, OTHER: 50}, salt="winter")
            first = users(service)
            await until_users_move(service, first)
            assert sum(users(service).values()) <= len(USERS)
            clear_rollout(store.flags)
            await until_only_live(service)
            before = service.total("experiment.events")
            await ask_all(service)
            assert service.total("experiment.events") == before

    asyncio.run(scenario())


async def until_users_move(service: Service, first: dict[str, int]) -> None:
    async def moved() -> bool:
        await ask_all(service)
        return users(service) != first

    await _poll(moved)


async def until_only_live(service: Service) -> None:
    async def only_live() -> bool:
        found: list[str] = (await service.client.get("/readyz")).json()["versions"]
        return found == [LIVE]

    await _poll(only_live)


async def _poll(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not await condition():
            await asyncio.sleep(0.02)


def test_users_beyond_the_limit_are_answered_but_not_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exposures, "MOST_USERS", 10)

    async def scenario() -> None:
        async with serve(prepare(tmp_path)) as service:
            answers = await ask_all(service)
            assert len(answers) == len(USERS) and sum(users(service).values()) == 10

    asyncio.run(scenario())


def test_labels_are_counted_from_zero_on_and_who_got_a_personal_answer(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serve(prepare(tmp_path), attribution_window=60) as service:
            answers = [await service.ask(user) for user in (1, 2, 1_000_000)]
            named = [dict(key) for key in service.measure("experiment.events")]
            assert {"labelled", "hit"} <= {labels["event"] for labels in named}
            assert service.total("experiment.events", event="labelled") == 0
            assert service.total("experiment.events", event="request") == 3
            personal = sum(answer["source"] == "personalised" for answer in answers)
            assert service.total("experiment.events", event="personalised") == personal == 2

    asyncio.run(scenario())


def test_a_request_without_an_answer_is_counted_for_the_version_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ValueError("a bad factor")

    async def scenario() -> None:
        async with serve(prepare(tmp_path)) as service:
            with monkeypatch.context() as patched:
                patched.setattr("services.demo.recommender.recommender.rank", fail)
                answer = await service.client.get("/recommendations/1")
            assert answer.status_code == 500
            assert service.total("experiment.events", event="failed", user_group=find_group("1")) == 1
            assert service.total("experiment.events", event="request") == 0

    asyncio.run(scenario())


def test_r22_a_flag_that_lapses_gives_all_users_the_live_version_without_anybody_there(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        store = prepare(tmp_path)
        write_rollout(store.flags, {LIVE: 50, OTHER: 50}, salt="autumn", until=time() + 3)
        async with serve(store) as service:
            answers = await ask_all(service)
            assert {answer["model_version"] for answer in answers.values()} == {LIVE, OTHER}
            await until_only_live(service)
            answers = await ask_all(service)
            assert {answer["model_version"] for answer in answers.values()} == {LIVE}
            assert store.flags.exists()

    asyncio.run(scenario())
