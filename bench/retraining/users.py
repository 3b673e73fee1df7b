"""Simulated users and a recommender without a network: who is shown what, what they click, the hit rate."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from botocore.exceptions import ClientError

from services.demo.dataset import generate, load, split
from services.demo.recommender.ranking import locate, rank, score
from services.demo.storage.artefacts import ModelArrays, model_key
from services.demo.storage.client import GetObjectOutput
from services.demo.storage.history import KEPT, MINUTE, PREFIX, Seen, gather, history_key
from services.demo.storage.offline import OfflineFeatures, offline_key
from services.demo.traffic.behaviour import Mix
from services.demo.traffic.crowd import Crowd
from services.demo.traffic.habits import Event, Habits, react
from services.demo.trainer.publication import Publication
from services.demo.trainer.run import run

K = 10
RATE = 20.0
"""Visits in a second."""
NOW = 10 * KEPT * MINUTE


class MemoryStore:
    """What Whence uses of S3, for one bucket."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def get_object(self, *, Bucket: str, Key: str) -> GetObjectOutput:
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[Key])}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> Mapping[str, Any]:
        self.objects[Key] = Body
        return {}

    def head_bucket(self, *, Bucket: str) -> Mapping[str, Any]:
        return {}

    def create_bucket(self, *, Bucket: str) -> Mapping[str, Any]:
        return {}

    def get_paginator(self, _: str) -> "MemoryStore":
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> list[dict[str, list[dict[str, str]]]]:
        """All keys in one page."""
        return [{"Contents": [{"Key": key} for key in self.objects if key.startswith(Prefix)]}]


class Stack:
    """Storage with trained versions, and the users of the generated data set."""

    def __init__(self, folder: Path) -> None:
        generate(folder)
        self.folder = folder
        self.store = MemoryStore()
        self.publication = Publication(self.store, "whence")
        run(folder, self.publication, False, K)
        self.crowd = Crowd(*split(load(folder)), Habits())
        self.users = set(np.unique(load(folder).ratings.user_ids).tolist())
        self.now = NOW

    @property
    def live(self) -> str:
        version = self.publication.read_live()
        assert version
        return version

    def visit(
        self, visits: int, version: str = "", seed: int = 1, shift: float = 0.0, mix: Mix | None = None
    ) -> list[Seen]:
        """What users of a version were shown and clicked."""
        lists, popular = self._recommend(version or self.live)
        rng = np.random.default_rng(seed)
        seen = []
        for number in range(visits):
            self.now += 1 / RATE
            user = self.crowd.choose(self.now, rng, mix)
            items = lists.get(user, popular)
            truth = self.crowd.truth_of(user, shift)
            clicked = {
                r.item_id
                for r in react(items, truth, Habits(), np.random.default_rng((seed, number)))
                if r.event is Event.CLICK
            }
            places = tuple(place for place, item in enumerate(items) if item in clicked)
            seen.append(Seen(self.now, user, items, places))
        return seen

    def keep(self, seen: Sequence[Seen]) -> None:
        """In the bucket, as the recommender does."""
        for minute in {int(each.at // MINUTE) for each in seen}:
            of = [each for each in seen if each.at // MINUTE == minute]
            self.store.objects[history_key("0", minute)] = gather(of).to_bytes()

    def forget(self) -> None:
        """All feedback."""
        for key in [key for key in self.store.objects if key.startswith(PREFIX)]:
            del self.store.objects[key]

    def _recommend(self, version: str) -> tuple[dict[int, list[int]], list[int]]:
        card = self.publication.read_card(version)
        assert card
        arrays = ModelArrays.from_bytes(self.store.objects[model_key(version)], card.sha256)
        offline = OfflineFeatures.from_bytes(self.store.objects[offline_key(version)], card.offline_sha256)
        lists = {}
        for row, user in enumerate(offline.user_ids.tolist()):
            known = offline.seen_items[offline.seen_indptr[row] : offline.seen_indptr[row + 1]]
            scores = score(arrays.item_factors, offline.user_factors[row])
            ranked = rank(scores, arrays.item_ids, locate(arrays.item_ids, known), K)
            lists[user] = [item for item, _ in ranked]
        return lists, arrays.popular[:K].tolist()


def hit_rate(seen: Sequence[Seen]) -> float:
    return float(np.mean([bool(each.clicked) for each in seen]))
