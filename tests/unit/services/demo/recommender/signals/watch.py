"""Signals with a clock of the test's own, and a world of users, ratings and a trained model to watch."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from services.demo.dataset import Ratings, generate, load, split
from services.demo.recommender.answers import Answer, Labels, Reason, Source
from services.demo.recommender.feature_store import Features
from services.demo.recommender.model import Model
from services.demo.recommender.ranking import rank, rank_popular, score
from services.demo.recommender.signals.monitor import Signals
from services.demo.recommender.signals.series import Gauges
from services.demo.recommender.signals.version import ItemsShown, only_here
from services.demo.storage.artefacts import SEGMENTS, ModelCard
from services.demo.storage.reference import UNKNOWN_SEGMENT, Reference
from services.demo.trainer.model import TrainedModel, train
from services.demo.trainer.parameters import LIVE, Parameters
from services.demo.trainer.reference import make_reference
from tests.unit.services.demo.recommender.support import make_telemetry


@dataclass
class Violations:
    """A recorder of violations only."""

    kinds: dict[str, int] = field(default_factory=dict)

    def count_violations(self, kind: str, count: int = 1) -> None:
        self.kinds[kind] = self.kinds.get(kind, 0) + count


class Watch:
    """Signals that publish when told; `read` gives what is exported."""

    def __init__(self, items_shown: ItemsShown = only_here) -> None:
        self.now = 1000.0
        self.violations = Violations()
        telemetry, _, self._reader = make_telemetry()
        recorder: Any = self.violations
        self.signals = Signals(Gauges(telemetry), recorder, 10.0, items_shown, lambda: self.now)

    def publish(self, after: float = 10.0) -> None:
        self.now += after
        self.signals.publish()

    def read(self, name: str) -> dict[frozenset[tuple[str, str]], float]:
        """The exported values of `recommendation.<name>` by their attributes."""
        data: Any = self._reader.get_metrics_data()
        metrics = (
            [m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics] if data else []
        )
        return {
            frozenset(point.attributes.items()): point.value
            for metric in metrics
            if metric.name == f"recommendation.{name}"
            for point in metric.data.data_points
        }

    def value(self, name: str, **labels: str) -> float | None:
        """The one value exported with these attributes (dots written as underscores), None for none."""
        wanted = {(key.replace("_", "."), value) for key, value in labels.items()}
        found = [value for attributes, value in self.read(name).items() if wanted <= attributes]
        assert len(found) < 2, f"{name} with {labels} is not one series"
        return found[0] if found else None


@dataclass(frozen=True, eq=False)
class World:
    """A data set's ratings, and a model trained on them with its reference."""

    ratings: Ratings
    held_out: Ratings
    trained: TrainedModel
    model: Model

    def answer(self, user_id: int, k: int = 10) -> tuple[Answer, Features | None]:
        """What the recommender answers this user when storage is well."""
        arrays = self.model.arrays
        segment = self.model.segment_of(user_id)
        if segment is None:
            items = rank_popular(arrays.popular, k)
            labels = Labels(Source.POPULAR, self.model.version, UNKNOWN_SEGMENT)
            return make_answer(user_id, labels, items), None
        row = int(np.searchsorted(arrays.user_ids, user_id))
        seen = arrays.item_ids[np.sort(self.trained.seen[row].indices)]
        features = Features(self.trained.user_factors[row], seen, 0.0)
        items = rank(score(arrays.item_factors, features.factors), arrays.item_ids, seen, k)
        return make_answer(user_id, Labels(Source.PERSONALISED, self.model.version, segment), items), features


def make_world(folder: Path, parameters: Parameters = LIVE) -> World:
    """The generated data set, trained as the trainer does it."""
    generate(folder)
    ratings, held_out = split(load(folder))
    trained = train(ratings, parameters)
    return World(ratings, held_out, trained, make_model(trained, make_reference("v1", trained)))


def make_model(trained: TrainedModel, reference: Reference | None, version: str = "v1") -> Model:
    card = ModelCard(
        version=version,
        dataset_id="d",
        trained_at=datetime.now(UTC),
        algorithm="als",
        parameters={},
        metrics={},
        segments=SEGMENTS,
        code_revision="test",
        sha256="",
    )
    return Model(card, trained.arrays, reference)


def make_answer(user_id: int, labels: Labels, items: list[tuple[int, float]]) -> Answer:
    """An answer that signals can make something of; what they do not look at is empty."""
    fields = {"request_id": "r", "trace_id": None, "dataset_id": "d", "reason": Reason.OK, "waited": 0.0}
    answer: Any = SimpleNamespace(user_id=user_id, labels=labels, items=items, **fields)
    return answer  # type: ignore[no-any-return]
