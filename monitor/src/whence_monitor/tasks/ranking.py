"""Ranking: lists of items, judged by which of them were relevant; and which items are shown at all."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from math import inf
from time import monotonic
from typing import Any

import numpy as np

from whence_monitor import bins
from whence_monitor import instruments as i
from whence_monitor.binning import Codes, Values
from whence_monitor.families import Attributes, Family, spell
from whence_monitor.formulas.ranking import QUANTITIES, judge_list
from whence_monitor.inputs.columns import read_number
from whence_monitor.tasks.task import Quantities, Task

MOST_ITEMS = 100
"""Of longer lists, the first ones are judged."""
MEASURES = {
    "hit_rate": "hits",
    "precision_at_k": "precision",
    "recall_at_k": "recall",
    "ndcg": "ndcg",
    "mrr": "reciprocal_rank",
    "map": "average_precision",
}
"""Measures by the quantity that they are the mean of."""
REGISTERS = 128
"""Of the HyperLogLog: its standard error is 1.04 / √128 = 9%."""
BUCKETS = REGISTERS // 2
"""Of hashes, by which the evenness of what is shown is told within √(2 / 63) = 18%."""
FIRST_BUCKETS = bins.NAMED_CATEGORIES
"""Of hashes of the item that is ranked first, which is what is watched of a list as a prediction."""
COVERAGE_WINDOW = 300.0
"""Seconds."""
UNKNOWN = "unknown"

Item = str
Gains = Mapping[Item, float]


class Ranking(Task[tuple[Item, ...], Gains]):
    """A prediction is a list of items, best first; a truth is the relevant items, or their gains by item."""

    def __init__(
        self,
        base: Attributes,
        segments: Sequence[str],
        items: Sequence[Item],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._quantities = Quantities(base, segments, QUANTITIES)
        self._shown = ShownItems(base, items, clock)
        self.families = [self._quantities.family, *self._shown.families]

    def read_prediction(self, given: Any) -> tuple[Item, ...] | None:
        return read_list(given)

    def read_truth(self, given: Any) -> Gains | None:
        if isinstance(given, str | bytes) or not isinstance(given, Collection):
            return None
        gains = {bins.name_category(item): read_number(gain) for item, gain in _with_gains(given)}
        if any(name is None or gain is None or not 0 <= gain < inf for name, gain in gains.items()):
            return None
        return {name: gain for name, gain in gains.items() if name is not None and gain}

    def as_feature(self, prediction: tuple[Item, ...]) -> str:
        return name_first(prediction)

    def note(self, predictions: Sequence[tuple[Item, ...]]) -> None:
        self._shown.note(predictions)

    def judge(
        self, predictions: Sequence[tuple[Item, ...]], truths: Sequence[Gains], segments: Codes
    ) -> Values:
        judged = np.array([judge_list(*pair) for pair in zip(predictions, truths, strict=True)])
        sums = dict(zip(QUANTITIES, judged.T, strict=True))
        self._quantities.add(segments, **sums)
        lost: Values = 1.0 - sums["reciprocal_rank"]
        return lost

    def measures(self) -> dict[str, float]:
        sums = self._quantities.totals
        if not sums["judged"]:
            return {}
        return {name: sums[quantity] / sums["judged"] for name, quantity in MEASURES.items()}


def read_list(given: Any) -> tuple[Item, ...] | None:
    """The items of a list, best first; None if it is none, is empty, or names an item twice."""
    if isinstance(given, str | bytes | Mapping):
        return None
    try:
        names = [bins.name_category(item) for item in given]
    except TypeError:
        return None
    items = tuple(dict.fromkeys(name for name in names if name is not None))
    return items[:MOST_ITEMS] if len(items) == len(names) and items else None


def name_first(items: Sequence[Item]) -> str:
    """The bucket of the first item's hash: of any catalogue a category that names no item."""
    return f"bucket {_hash(items[0])[0] * FIRST_BUCKETS // REGISTERS:02}"


def _with_gains(given: Collection[Any]) -> Collection[tuple[Any, Any]]:
    return given.items() if isinstance(given, Mapping) else [(item, 1.0) for item in given]


class ShownItems:
    """Shown items by popularity and by hash, and how many differ (HyperLogLog, Flajolet et al., 2007)."""

    def __init__(self, base: Attributes, items: Sequence[Item], clock: Callable[[], float]) -> None:
        self._clock = clock
        last = max(len(items), 1)
        self._tenth = {item: 9 - place * 10 // last for place, item in enumerate(items)}
        names = (*bins.INNER, UNKNOWN)
        self._counts = np.zeros(len(names), np.int64)
        self._buckets = np.zeros(BUCKETS, np.int64)
        self._registers = np.zeros(REGISTERS, np.int64)
        self._current, self._previous = np.zeros(REGISTERS, np.int64), np.zeros(REGISTERS, np.int64)
        self._since = clock()
        by_bin = [{**base, **a} for a in spell(**{i.BIN: names})]
        by_bucket = [{**base, **a} for a in spell(**{i.BIN: [f"{n:02}" for n in range(BUCKETS)]})]
        by_register = [{**base, **a} for a in spell(**{i.REGISTER: [f"{n:03}" for n in range(REGISTERS)]})]
        self.families = [
            Family(i.ITEMS_SHOWN, by_bin, self._counts),
            Family(i.ITEMS_SPREAD, by_bucket, self._buckets),
            Family(i.ITEMS_REGISTER, by_register, self._registers),
        ]

    def note(self, lists: Sequence[Sequence[Item]]) -> None:
        """Count the items of lists."""
        if self._clock() - self._since > COVERAGE_WINDOW:
            self._previous, self._current = self._current, np.zeros(REGISTERS, np.int64)
            self._since = self._clock()
        items = [item for shown in lists for item in shown]
        tenths = np.array([self._tenth.get(item, len(bins.INNER)) for item in items], np.int64)
        self._counts += np.bincount(tenths, minlength=len(self._counts))
        places = np.array([_hash(item) for item in items])
        self._buckets += np.bincount(places[:, 0] // 2, minlength=BUCKETS)
        np.maximum.at(self._current, places[:, 0], places[:, 1])
        self._registers[:] = np.maximum(self._current, self._previous)


@lru_cache(maxsize=65_536)
def _hash(item: Item) -> tuple[int, int]:
    """The register of an item, and the place of the first bit that is set in the rest of its hash."""
    number = int.from_bytes(blake2b(item.encode(errors="surrogatepass"), digest_size=8).digest())
    register, rest = number % REGISTERS, number // REGISTERS
    return register, 58 - rest.bit_length()
