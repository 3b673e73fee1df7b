"""What is compared: each watches the same rows of 20 features with a score, and a truth of each if asked."""

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import pandas as pd
import whylogs
from evidently import BinaryClassification, DataDefinition, Dataset, Report
from evidently.presets import ClassificationPreset, DataDriftPreset
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from whence_monitor import Monitor, make_reference

FEATURES = 20
NUMBERS = [f"feature_{place}" for place in range(FEATURES) if place % 5 < 4]
CATEGORIES = [f"feature_{place}" for place in range(FEATURES) if place % 5 == 4]
SCORE, TRUTH = "score", "truth"


def draw(rows: int, seed: int) -> pd.DataFrame:
    """Normal numbers, eight categories, and scores with their truth."""
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {name: rng.normal(size=rows) for name in NUMBERS}
    columns |= {name: rng.choice(list("abcdefgh"), rows) for name in CATEGORIES}
    columns[SCORE] = rng.uniform(size=rows)
    columns[TRUTH] = (rng.uniform(size=rows) < columns[SCORE]).astype(int)
    return pd.DataFrame(columns)


class System(Protocol):
    """One package."""

    name: str

    def watch(self, frame: pd.DataFrame, *, labels: bool) -> None:
        """Take in a batch and make what is read of it: measures, metrics or a profile."""


class Ours:
    """Counts, and the metrics that a reader collects after each batch."""

    name = "whence_monitor"

    def __init__(self, reference: pd.DataFrame) -> None:
        self._reader = InMemoryMetricReader()
        provider = MeterProvider([self._reader], shutdown_on_exit=False)
        profile = make_reference(dict(reference.items()), prediction=SCORE, truth=TRUTH, task="binary")
        self.monitor = Monitor("m", "1", task="binary", reference=profile, meter_provider=provider)

    def watch(self, frame: pd.DataFrame, *, labels: bool) -> None:
        features = {name: frame[name].to_numpy() for name in (*NUMBERS, *CATEGORIES)}
        self.monitor.observe_many(features, frame[SCORE].to_numpy())
        if labels:
            for place, (score, truth) in enumerate(zip(frame[SCORE], frame[TRUTH], strict=True)):
                self.monitor.judge(score, truth)
                if place % 4_000 == 0:
                    self.monitor.flush()
        self.collect()

    def collect(self) -> None:
        """Read all metrics."""
        self._reader.get_metrics_data()


class Whylogs:
    """A profile; it is not compared with a reference, which would cost more."""

    name = "whylogs 1.6.4"

    def __init__(self) -> None:
        self.profile = whylogs.core.DatasetProfile()

    def watch(self, frame: pd.DataFrame, *, labels: bool) -> None:
        self.profile.track(frame.drop(columns=[TRUTH]))
        if labels:
            scored = frame[[SCORE, TRUTH]].assign(predicted=(frame[SCORE] >= 0.5).astype(int))
            whylogs.log_classification_metrics(
                scored, target_column=TRUTH, prediction_column="predicted", score_column=SCORE
            )
        self.profile.view()


class Evidently:
    """A report of drift by PSI, and of the quality of a classifier."""

    name = "evidently 0.7.23"

    def __init__(self, reference: pd.DataFrame) -> None:
        self._definition = DataDefinition(
            numerical_columns=[*NUMBERS, SCORE],
            categorical_columns=CATEGORIES,
            classification=[BinaryClassification(target=TRUTH, prediction_probas=SCORE, pos_label=1)],
        )
        self._reference = Dataset.from_pandas(reference, self._definition)

    def watch(self, frame: pd.DataFrame, *, labels: bool) -> None:
        presets = [DataDriftPreset(columns=[*NUMBERS, *CATEGORIES, SCORE], method="psi")]
        quality = [ClassificationPreset()] if labels else []
        Report([*presets, *quality]).run(Dataset.from_pandas(frame, self._definition), self._reference)


def all_systems(reference: pd.DataFrame) -> Iterator[System]:
    """Each with nothing watched."""
    yield Ours(reference)
    yield Whylogs()
    yield Evidently(reference)
