"""The versions of a model in a service, each with its monitor; which one answers is looked up."""

import pickle
import time
from dataclasses import dataclass
from random import random
from threading import Lock

from whence_monitor import Monitor

from examples.models.example import Example, Features
from examples.models.faults.change import Changes
from examples.models.live import Live
from examples.models.predictions import Predictions
from examples.models.settings import read_models
from examples.models.training import LIVE, Trained


@dataclass(frozen=True)
class Version:
    """A version that is loaded."""

    name: str
    trained: Trained
    monitor: Monitor


class Model:
    """A model as one process of its service has it; any thread may ask it."""

    def __init__(self, example: Example) -> None:
        """Raises SystemExit if no version was trained."""
        models = read_models()
        self._example = example
        self._folder = models.trained(example.name)
        if not (self._folder / LIVE / "model.pickle").exists():
            raise SystemExit(f"there is no model: run python -m examples.{example.name}.train first")
        self._changes = Changes(models.changes, example.name)
        self._live = Live(self._folder)
        self._predictions = Predictions(models.predictions(example.name))
        self._versions: dict[str, Version] = {}
        self._loading = Lock()

    def predict(self, features: Features) -> tuple[str, float]:
        """An id, and what the version that is rolled out says."""
        version = self._load(self._changes.now.version or self._live.choose(random()))
        prediction = version.trained.predict(features)
        segment = features[self._example.segment]
        watched = {name: features.get(name) for name in version.trained.watched}
        version.monitor.observe(watched, prediction, segment=segment)
        return self._predictions.keep(version.name, prediction, segment, features), prediction

    def learn(self, id: str, outcome: float) -> bool:
        """Tell what was right; False if no prediction of this id waits for it."""
        kept = self._predictions.take(id)
        if kept is None:
            return False
        monitor = self._load(kept.version).monitor
        monitor.judge(kept.prediction, outcome, segment=kept.segment, delay=time.time() - kept.at)
        self._predictions.learn(kept.features, float(outcome))
        self._predictions.judge(kept.version, self._example.loss(kept.prediction, float(outcome)))
        return True

    def _load(self, name: str) -> Version:
        with self._loading:
            if name not in self._versions:
                self._versions[name] = self._read(name)
            return self._versions[name]

    def _read(self, name: str) -> Version:
        place = self._folder / name
        trained: Trained = pickle.loads((place / "model.pickle").read_bytes())
        monitor = Monitor(
            self._example.model, name, task=self._example.task, reference=place / "reference.json"
        )
        return Version(name, trained, monitor)
