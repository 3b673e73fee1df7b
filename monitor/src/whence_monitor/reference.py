"""What a model's training data were like: the schema and how often each bin had a value. A JSON file.

A person may edit it: `minimum` and `maximum` say what is in range, `known` which categories there are.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from whence_monitor import bins

MOST_MEASURES = 40
"""Of quality, in a reference."""
MOST_TELLING = 5
"""Features whose truths are in a reference."""
MOST_TOGETHER, MOST_COMPONENTS = 20, 5
"""Features whose components are in a reference, and their components."""
MOST_CELLS, MOST_QUANTITIES = 50, 4
"""Of calibration, in a reference."""
FORMAT = "whence-monitor-reference/1"
PREDICTION, TRUTH, INPUTS = OWN = "@prediction", "@truth", "@inputs"
"""Names of what is watched like features and is none; INPUTS is the error of all numbers together."""

Counts = Mapping[str, int]
"""Values in each bin, by its name; a bin that is not mentioned had none."""


Truths = Mapping[str, tuple[int, int]]
"""How often the truth was 0, and 1, in each bin of a feature."""


class InvalidReference(ValueError):
    """A reference cannot be used; the message says where and why."""


@dataclass(frozen=True)
class Number:
    """A feature that is a number; `edges` are between its inner bins, each the least value of the next."""

    minimum: float
    maximum: float
    edges: tuple[float, ...]
    counts: Counts
    by_segment: Mapping[str, Counts] = field(default_factory=dict)

    def __post_init__(self) -> None:
        borders = (self.minimum, *self.edges, self.maximum)
        if len(self.edges) >= bins.NUMBER_BINS:
            raise InvalidReference(f"more than {bins.NUMBER_BINS - 1} edges")
        if not all(math.isfinite(border) for border in borders):
            raise InvalidReference("a border that is not finite")
        inner_grow = all(low < high for low, high in pairwise(self.edges))
        if not inner_grow or not self.minimum <= self.maximum:
            raise InvalidReference("minimum, edges and maximum do not grow")
        if self.edges and not (self.minimum < self.edges[0] and self.edges[-1] <= self.maximum):
            raise InvalidReference("edges outside of minimum and maximum")

    @property
    def names(self) -> tuple[str, ...]:
        """Its bins, by code."""
        return bins.name_number_bins(len(self.edges) + 1)


@dataclass(frozen=True)
class Category:
    """A feature that is one of several values: `categories` have a bin each, `known` are the others."""

    categories: tuple[str, ...]
    counts: Counts
    known: frozenset[str] = frozenset()
    is_open: bool = False
    by_segment: Mapping[str, Counts] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.categories) > bins.NAMED_CATEGORIES:
            raise InvalidReference(f"more than {bins.NAMED_CATEGORIES} named categories")
        if len(self.known) > bins.KNOWN_CATEGORIES:
            raise InvalidReference(f"more than {bins.KNOWN_CATEGORIES} known categories: it should be open")
        if len(set(self.categories)) < len(self.categories) or bins.RESERVED.intersection(self.categories):
            raise InvalidReference("a category named twice or like a bin of another meaning")
        if any(len(name) > bins.LONGEST_NAME for name in self.categories):
            raise InvalidReference(f"the name of a category is longer than {bins.LONGEST_NAME}")

    @property
    def names(self) -> tuple[str, ...]:
        """Its bins, by code."""
        return (*self.categories, bins.OTHER, bins.UNSEEN, bins.MISSING, bins.WRONG_TYPE)


Feature = Number | Category


class Cell(NamedTuple):
    """What became of the predictions in a bin.

    `predicted` tells those of a classifier apart that were predicted to come true. `sums` are by the
    quantities of `tasks.scores` or `tasks.errors`.
    """

    bin: str
    predicted: str
    sums: Mapping[str, float]


class Together(NamedTuple):
    """How numbers belong together: orthonormal `components` of their scores, a weight for each feature."""

    features: tuple[str, ...] = ()
    components: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True)
class Reference:
    """A reference of `rows` rows.

    `features` may have PREDICTION, TRUTH and INPUTS among them. `items` can be shown by a ranker, most
    popular first. `learned` tells that it was made from production, not from training data, from
    `learned_since` to `created_at`. `quality` is how well the model did on these rows, by measure, and
    `calibration` what became of its predictions there.
    `together` is what INPUTS is told by. `truths` are those of the features that alone tell most of a binary
    truth. `ignored` are no features. `profile` is the version of the code that made it.
    """

    rows: int
    features: Mapping[str, Feature]
    dataset_id: str = ""
    created_at: str = ""
    segments: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    learned: bool = False
    learned_since: str = ""
    quality: Mapping[str, float] = field(default_factory=dict)
    calibration: tuple[Cell, ...] = ()
    truths: Mapping[str, Truths] = field(default_factory=dict)
    together: Together = Together()
    ignored: tuple[str, ...] = ()
    profile: str = ""

    def __post_init__(self) -> None:
        self._check_together()
        if len(self.truths) > MOST_TELLING:
            raise InvalidReference(f"truths of more than {MOST_TELLING} features")
        if len(self.calibration) > MOST_CELLS:
            raise InvalidReference(f"more than {MOST_CELLS} bins of calibration")
        if len(self.quality) > MOST_MEASURES:
            raise InvalidReference(f"more than {MOST_MEASURES} measures of quality")
        for name, value in self.quality.items():
            if len(name) > bins.LONGEST_NAME or not math.isfinite(value):
                raise InvalidReference(
                    f"quality {name[: bins.LONGEST_NAME]!r}: no finite number, or a long name"
                )

    def _check_together(self) -> None:
        names, components = self.together
        if len(names) > MOST_TOGETHER or len(components) > MOST_COMPONENTS:
            raise InvalidReference(
                f"more than {MOST_TOGETHER} features or {MOST_COMPONENTS} components together"
            )
        if not all(isinstance(self.features.get(name), Number) for name in names):
            raise InvalidReference("a feature together with others that is no number of the reference")
        weights = [weight for component in components for weight in component]
        fits = all(len(component) == len(names) for component in components)
        if not fits or not all(abs(weight) <= 1 for weight in weights):
            raise InvalidReference("components whose weights are not one for each feature, from -1 to 1")
        if INPUTS in self.features and not components:
            raise InvalidReference(f"{INPUTS} without components")

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits: bins may be summed up over processes whose references have the same."""
        return blake2b(self.to_json().encode(), digest_size=4).hexdigest()

    def to_json(self) -> str:
        document = {
            "format": FORMAT,
            "dataset_id": self.dataset_id,
            "created_at": self.created_at,
            "profile": self.profile,
            "learned": self.learned,
            **({"learned_since": self.learned_since} if self.learned else {}),
            "rows": self.rows,
            "segments": list(self.segments),
            "ignored": list(self.ignored),
            "features": {name: _describe(feature) for name, feature in self.features.items()},
            "items": list(self.items),
            "quality": dict(self.quality),
            "calibration": [
                {"bin": cell.bin, "predicted": cell.predicted, **cell.sums} for cell in self.calibration
            ],
            "together": self.together._asdict(),
            "truths": {name: {b: list(pair) for b, pair in of.items()} for name, of in self.truths.items()},
        }
        return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> "Reference":
        """Read what `to_json` writes. Raises InvalidReference."""
        try:
            document = json.loads(text)
        except ValueError as error:
            raise InvalidReference(f"not JSON: {error}") from None
        found = document.get("format") if isinstance(document, dict) else None
        if found != FORMAT:
            raise InvalidReference(f"its format is {found!r}, not {FORMAT!r}")
        try:
            return cls(
                rows=int(document["rows"]),
                features={name: _parse(name, given) for name, given in document["features"].items()},
                dataset_id=str(document.get("dataset_id", "")),
                created_at=str(document.get("created_at", "")),
                profile=str(document.get("profile", "")),
                segments=tuple(map(str, document.get("segments", ()))),
                ignored=tuple(map(str, document.get("ignored", ()))),
                items=tuple(map(str, document.get("items", ()))),
                learned=bool(document.get("learned", False)),
                learned_since=str(document.get("learned_since", "")),
                quality={str(name): float(value) for name, value in document.get("quality", {}).items()},
                calibration=tuple(map(_parse_cell, document.get("calibration", ()))),
                together=_parse_together(document.get("together", {})),
                truths={str(name): _parse_truths(of) for name, of in document.get("truths", {}).items()},
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            if isinstance(error, InvalidReference):
                raise
            raise InvalidReference(f"{type(error).__name__}: {error}") from None

    @classmethod
    def load(cls, path: str | Path) -> "Reference":
        """Read a file. Raises InvalidReference, also for one that cannot be read."""
        try:
            return cls.from_json(Path(path).read_bytes())
        except OSError as error:
            raise InvalidReference(f"{path}: {error.strerror}") from None


def _describe(feature: Feature) -> dict[str, Any]:
    shared: dict[str, Any] = {"counts": dict(feature.counts)}
    if feature.by_segment:
        shared["by_segment"] = {segment: dict(counts) for segment, counts in feature.by_segment.items()}
    if isinstance(feature, Number):
        borders = {"minimum": feature.minimum, "maximum": feature.maximum, "edges": list(feature.edges)}
        return {"type": "number", **borders, **shared}
    listed = {"categories": list(feature.categories), "known": sorted(feature.known), "open": feature.is_open}
    return {"type": "category", **listed, **shared}


def _parse(name: str, given: Mapping[str, Any]) -> Feature:
    try:
        counts = _parse_counts(given["counts"])
        by_segment = {str(s): _parse_counts(c) for s, c in given.get("by_segment", {}).items()}
        if given["type"] == "number":
            edges = tuple(map(float, given["edges"]))
            return Number(float(given["minimum"]), float(given["maximum"]), edges, counts, by_segment)
        if given["type"] == "category":
            categories, known = tuple(map(str, given["categories"])), frozenset(map(str, given["known"]))
            return Category(categories, counts, known, bool(given["open"]), by_segment)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InvalidReference(f"feature {name!r}: {error}") from None
    raise InvalidReference(f"feature {name!r}: its type is {given['type']!r}")


def _parse_counts(given: Mapping[str, Any]) -> dict[str, int]:
    counts = {str(name): int(count) for name, count in given.items()}
    if any(count < 0 for count in counts.values()):
        raise InvalidReference("a negative count")
    return counts


def _parse_cell(given: Mapping[str, Any]) -> Cell:
    sums = {str(name): float(value) for name, value in given.items() if name not in {"bin", "predicted"}}
    name, predicted = str(given["bin"]), str(given["predicted"])
    if len(sums) > MOST_QUANTITIES or not all(0 <= value < math.inf for value in sums.values()):
        raise InvalidReference(
            f"calibration of {name!r}: a sum is negative or not finite, or there are too many"
        )
    return Cell(name, predicted, sums)


def _parse_together(given: Mapping[str, Any]) -> Together:
    components = tuple(tuple(map(float, weights)) for weights in given.get("components", ()))
    return Together(tuple(map(str, given.get("features", ()))), components)


def _parse_truths(given: Mapping[str, Any]) -> Truths:
    no, yes = ({name: pair[place] for name, pair in given.items()} for place in (0, 1))
    return {name: (count, _parse_counts(yes)[name]) for name, count in _parse_counts(no).items()}
