"""Cards of the recommender's versions for the gate: read from the bucket, and measured here.

Both versions answer the users of the candidate's held-out ratings as they would serve them. Of these ratings
those are left out that either of them has learned from, so that versions of two data sets can be compared.
A version that learned from clicks is judged by how both order what users were shown: by what else is clicked
only the version that had shown it could gain.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from decisions.gate.card import Card, Data, Feature, Metric
from services.demo.recommender.ranking import locate, rank, score
from services.demo.storage.artefacts import (
    MODEL,
    SEGMENTS,
    SERVICE,
    CorruptModel,
    ModelArrays,
    ModelCard,
    UserFeatures,
    card_key,
    features_key,
    model_key,
)
from services.demo.storage.held_out import CorruptHeldOut, HeldOut, held_out_key
from services.demo.storage.offline import CorruptFeatures, OfflineFeatures, offline_key
from services.demo.trainer.metrics import measure_users
from stack import StackError

Content = TypeVar("Content")
Read = Callable[[str], bytes | None]
"""The content of an object by its key; None where there is none."""

LOOKED_AT = 100
"""Users whose features are read."""
SLOW_SHARE = 0.95
NOBODY = "unknown"
"""Segment of users that the candidate was not trained on."""


@dataclass(frozen=True, eq=False)
class _Stored:
    """A version as it is stored; what cannot be used is None, and told in `faults`."""

    card: ModelCard
    arrays: ModelArrays | None
    offline: OfflineFeatures | None
    held_out: HeldOut | None
    faults: tuple[str, ...]


def read_cards(read: Read, candidate: str, live: str, k: int) -> tuple[Card, Card]:
    """The cards of both, measured on lists of `k` items. Raises StackError where a version has no card."""
    new, old = _read_version(read, candidate), _read_version(read, live)
    held_out = _choose_held_out(new, old)
    return _make_card(new, new, held_out, read, k), _make_card(old, new, held_out, read, k)


def _read_version(read: Read, version: str) -> _Stored:
    try:
        card = ModelCard.model_validate_json(read(card_key(version)) or b"")
    except ValidationError:
        raise StackError(f"version {version} has no card that can be read: is it trained?") from None
    faults: list[str] = []

    def get(key: str, parse: Callable[[bytes], Content]) -> Content | None:
        content = read(key)
        try:
            if content is not None:
                return parse(content)
            faults.append(f"{key} is not there")
        except (CorruptModel, CorruptFeatures, CorruptHeldOut) as error:
            faults.append(str(error))
        return None

    arrays = get(model_key(version), lambda data: ModelArrays.from_bytes(data, card.sha256))
    offline = get(offline_key(version), lambda data: OfflineFeatures.from_bytes(data, card.offline_sha256))
    held_out = get(held_out_key(version), lambda data: HeldOut.from_bytes(data, card.held_out_sha256))
    if arrays and offline and not _fit(arrays, offline):
        faults.append("offline.npz is not of this model: its users or its factors differ")
        offline = None
    return _Stored(card, arrays, offline, held_out, tuple(faults))


def _fit(arrays: ModelArrays, offline: OfflineFeatures) -> bool:
    return (
        np.array_equal(arrays.user_ids, offline.user_ids)
        and arrays.item_factors.shape[1:] == offline.user_factors.shape[1:]
    )


def _choose_held_out(candidate: _Stored, live: _Stored) -> HeldOut | None:
    """Ratings that neither has learned from; None where that cannot be told."""
    held_out = candidate.held_out
    for each in (candidate, live):
        if held_out and each.arrays and each.offline:
            learned_by = np.repeat(each.offline.user_ids, np.diff(each.offline.seen_indptr))
            held_out = held_out.without(learned_by, each.offline.seen_items)
        else:
            return None
    return held_out


def _make_card(of: _Stored, candidate: _Stored, held_out: HeldOut | None, read: Read, k: int) -> Card:
    described = of.card.model_dump(mode="json")
    data = of.card.data
    card = Card(
        version=of.card.version,
        service=SERVICE,
        model=MODEL,
        size=len(of.arrays.to_bytes()) if of.arrays else None,
        features=_look_at_features(of, read),
        data=Data(**data.model_dump(include=set(Data.model_fields))) if data else None,
        described=described,
        faults=of.faults,
    )
    if not (held_out and of.arrays and of.offline):
        return card
    units = np.unique(held_out.user_ids)
    lists, slow = _answer(of.arrays, of.offline, held_out, k)
    metrics = {
        name: Metric(values=tuple(values.tolist()))
        for name, values in measure_users(units, lists, held_out).items()
    }
    measured = {
        "held_out": candidate.card.held_out_sha256,
        "units": tuple(units.tolist()),
        "segments": _name_segments(candidate, units),
        "metrics": metrics,
        "answer_seconds": slow,
    }
    return card.model_copy(update=measured)


def _answer(
    arrays: ModelArrays, offline: OfflineFeatures, held_out: HeldOut, k: int
) -> tuple[NDArray[np.int32], float | None]:
    """Lists int32[m, k] as they would be served, 0 where fewer items are left, and the 95th percentile of the
    processor seconds that a list takes. Users without features get the popular items; where it is known what
    users were shown, lists are of that alone."""
    users = np.unique(held_out.user_ids)
    lists = np.zeros((len(users), k), np.int32)
    popular = arrays.popular[:k]
    seconds = []
    for place, (user, row) in enumerate(zip(users, np.searchsorted(offline.user_ids, users), strict=True)):
        if row == len(offline) or offline.user_ids[row] != user:
            lists[place, : len(popular)] = popular
            continue
        seen = offline.seen_items[offline.seen_indptr[row] : offline.seen_indptr[row + 1]]
        if len(held_out.shown_user_ids):
            shown = held_out.shown_movie_ids[held_out.shown_user_ids == user]
            seen = np.union1d(seen, np.setdiff1d(arrays.item_ids, shown))
        begun = time.thread_time()
        scores = score(arrays.item_factors, offline.user_factors[row])
        best = [item for item, _ in rank(scores, arrays.item_ids, locate(arrays.item_ids, seen), k)]
        seconds.append(time.thread_time() - begun)
        lists[place, : len(best)] = best
    return lists, float(np.quantile(seconds, SLOW_SHARE)) if seconds else None


def _name_segments(candidate: _Stored, users: NDArray[np.int32]) -> tuple[str, ...]:
    assert candidate.arrays is not None
    codes = dict(
        zip(candidate.arrays.user_ids.tolist(), candidate.arrays.user_segments.tolist(), strict=True)
    )
    return tuple(SEGMENTS[codes[user]] if user in codes else NOBODY for user in users.tolist())


def _look_at_features(of: _Stored, read: Read) -> dict[str, Feature]:
    """For which share of some of its users there is what an answer needs."""
    if of.arrays is None:
        return {}
    users = of.arrays.user_ids
    chosen = users[np.linspace(0, len(users) - 1, min(LOOKED_AT, len(users))).astype(np.int64)]
    found = [_read_features(read, of.card.version, user) for user in chosen.tolist()]
    factors = of.arrays.item_factors.shape[1]
    usable = sum(each is not None and len(each.factors) == factors for each in found)
    known = sum(each is not None for each in found)
    return {
        "factors": Feature(type="numbers", there=usable / len(found)),
        "seen": Feature(type="item ids", there=known / len(found)),
        "segment": Feature(type="name", there=known / len(found)),
    }


def _read_features(read: Read, version: str, user: int) -> UserFeatures | None:
    try:
        return UserFeatures.model_validate_json(read(features_key(version, user)) or b"")
    except ValidationError:
        return None
