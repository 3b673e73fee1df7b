"""The series that a made-up service leaves that watches a model of fraud, beside those of its requests."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from diagnosis import Evidence, Verdict, diagnose
from diagnosis.packs.models.queries import COUNTS, FEATURES, NAME
from diagnosis.signals.series import Values
from diagnosis.sources.evidence import Labelled, pack
from tests.unit.diagnosis.topology.shop import ALERTED, ONSET, PEERS, START, STEP, TIMES, Load, Shop

SERVICE, MODEL = "scoring", "fraud"
EXPORTED = 2
"""Steps between two exports."""

PEERS[SERVICE, "redis"] = {"server_address": "features", "server_port": "6379", "db_system_name": "redis"}
PEERS[SERVICE, "postgresql"] = PEERS["pricing", "postgresql"]

DECILES: Mapping[str, float] = {f"{number:02}": 0.1 for number in range(1, 11)}
CLIENTS = {"ios": 0.4, "android": 0.4, "web": 0.2}
FRAUD = 0.2
"""Part of the cases that are fraud."""

Shares = Mapping[str, float]


@dataclass(frozen=True)
class Feature:
    """Its values by bin before and after the onset, of everybody or, by `segment`, of those only."""

    before: Shares
    after: Shares | None = None
    size: tuple[float, float] | None = None
    """Means of a number."""
    segments: Mapping[str, Shares] | None = None
    """Watched by segment: what it is since in those that are named."""
    reference: Shares | None = None
    """That of the model, if it is not what was before."""


def mixed(one: Shares, other: Shares, share: float) -> dict[str, float]:
    """Of `other` as much as `share`."""
    return {b: (1 - share) * one.get(b, 0.0) + share * other.get(b, 0.0) for b in {*one, *other}}


FEATURES_OF = {
    "amount": Feature(DECILES, size=(50.0, 50.0), segments={}),
    "orders": Feature(DECILES, size=(8.0, 8.0)),
    "client": Feature(CLIENTS),
    "@inputs": Feature(DECILES),
    "@prediction": Feature(DECILES),
    "@truth": Feature({"0": 1 - FRAUD, "1": FRAUD}),
}


@dataclass(frozen=True)
class Scoring:
    """Predictions a second, seconds until their labels, and the share that is right by segment.

    What ends in `_since` is so of predictions since the onset; of a new version, of its own.
    """

    rate: float = 10.0
    rate_since: float = 10.0
    delay: float = 20.0
    delay_since: float = 20.0
    labelled: float = 1.0
    """Part of the predictions since the onset that get a label."""
    mix: Shares = field(default_factory=lambda: {"old": 0.7, "new": 0.3})
    mix_since: Shares | None = None
    right: Shares = field(default_factory=lambda: {"old": 0.92, "new": 0.85})
    right_since: Shares | None = None
    features: Mapping[str, Feature] = field(default_factory=lambda: FEATURES_OF)
    version: str = ""
    """A new one that comes with the onset."""
    taken_over: float = 1.0
    """Part of the predictions that the new one makes."""
    leaked: bool = False
    """Whether the new one learned from a feature that does not come."""
    problems: Mapping[str, float] = field(default_factory=dict)
    """By kind, per second since the onset."""
    loads: Mapping[tuple[str, ...], Load] = field(
        default_factory=lambda: {(SERVICE,): Load(10, 0.02), (SERVICE, "redis"): Load(10, 0.002)}
    )
    release: str = ""
    """A new version of the service that comes with the onset."""
    restarted: bool = False
    errors: tuple[float, float] | None = None
    """Mean absolute errors of a regressor before and since, instead of classes."""
    scores_off: tuple[float, float] | None = None
    """By how much scores are above what comes true."""
    seed: int = 0

    def feature(self, name: str, **changes: object) -> "Scoring":
        """With a feature as it is since the onset."""
        changed = replace(self.features[name], **changes)  # type: ignore[arg-type]
        return replace(self, features={**self.features, name: changed})

    def evidence(self) -> Evidence:
        versions = {(SERVICE, "1.0"): (START, ONSET if self.release else START + 9_999)}
        versions |= {(SERVICE, self.release): (ONSET, START + 9_999)} if self.release else {}
        evidence = Shop(self.loads, versions).evidence()
        drawn = _Drawn(self)
        return evidence.model_copy(
            update={"series": {**evidence.series, COUNTS: drawn.counts(), FEATURES: drawn.features()}}
        )

    def verdict(self, alerted_at: float | None = ALERTED) -> Verdict:
        return diagnose(self.evidence(), {}, [SERVICE], alerted_at=alerted_at)


class _Drawn:
    """Counts by step, drawn from a scoring service's rates."""

    def __init__(self, scoring: Scoring) -> None:
        self._of = scoring
        self._random = np.random.default_rng(scoring.seed)
        self._since = TIMES > ONSET
        rate = np.where(self._since, scoring.rate_since, scoring.rate) * STEP
        self._predictions = {
            (version, segment): self._poisson(rate * share * part)
            for version, part in self._versions().items()
            for segment, share in self._mix().items()
        }

    def _poisson(self, rates: Values) -> Values:
        return self._random.poisson(rates).astype(np.float64)

    def _binomial(self, numbers: Values, share: Values | float) -> Values:
        return self._random.binomial(numbers.astype(np.int64), share).astype(np.float64)

    def _versions(self) -> Mapping[str, Values]:
        part = np.where(self._since & bool(self._of.version), self._of.taken_over, 0.0)
        return {"1": 1 - part, **({self._of.version: part} if self._of.version else {})}

    def _mix(self) -> Mapping[str, Values]:
        since = self._of.mix_since or self._of.mix
        return {name: np.where(self._since, since[name], share) for name, share in self._of.mix.items()}

    def counts(self) -> list[Labelled]:
        found = []
        for (version, segment), made in self._predictions.items():
            found.append(self._counter("model_predictions_total", made, version, segment=segment))
            labelled = self._label(version, segment, made)
            told = _add(values for key, values in labelled.items() if not key.endswith("fp"))
            found.append(self._counter("model_labels_total", told, version, segment=segment))
            found += self._judge(told, version, segment)
            for key, values in labelled.items() if not self._of.errors else ():
                labels = {"segment": segment, **_split(key)}
                found.append(self._counter("model_outcomes_total", values, version, **labels))
        for kind, rate in self._of.problems.items():
            lost = self._poisson(np.where(self._since, rate * STEP, 0.0))
            found.append(self._counter("model_monitor_problems_total", lost, "1", kind=kind))
        delays = np.where(TIMES > ONSET + self._of.delay_since, self._of.delay_since, self._of.delay)
        measured = {NAME: "model:measure:now", "measure": "label_delay", **_model("1")}
        return [*found, _series(measured, delays)]

    def _judge(self, labelled: Values, version: str, segment: str) -> list[Labelled]:
        """Sums of errors of a regressor, and of scores: their labels come three times in ten."""
        found = {}
        if self._of.errors:
            size = np.where(self._since, self._of.errors[1], self._of.errors[0])
            drawn = labelled * size * self._random.normal(1, 0.05, len(TIMES))
            found = {"judged": labelled, "error_over": drawn / 2, "error_under": drawn / 2}
            found["error_squared"] = labelled * size**2 * 1.6
        named = [
            self._counter("model_quality_total", values, version, segment=segment, quantity=quantity)
            for quantity, values in found.items()
        ]
        return named + (self._score(labelled, version, segment) if self._of.scores_off else [])

    def _score(self, labelled: Values, version: str, segment: str) -> list[Labelled]:
        assert self._of.scores_off is not None
        off = np.where(self._since, self._of.scores_off[1], self._of.scores_off[0])
        true = self._binomial(labelled, 0.3)
        of_bin = {"bin": "0.3"}
        squares = {"scored": labelled, "brier": labelled * (0.21 + off**2)}
        return [
            *(
                self._counter("model_quality_total", values, version, segment=segment, quantity=quantity)
                for quantity, values in squares.items()
            ),
            self._counter("model_score_labels_total", true, version, came_true="yes", **of_bin),
            self._counter("model_score_labels_total", labelled - true, version, came_true="no", **of_bin),
            self._counter("model_score_expected_total", labelled * (0.3 + off), version, **of_bin),
        ]

    def _label(self, version: str, segment: str, made: Values) -> dict[str, Values]:
        """Labelled predictions by class and outcome when labels are known; a wrong one counts twice."""
        before, since = self._of.right, self._of.right_since or self._of.right
        right = np.where(self._since, since[segment], before[segment])
        if self._of.version and version == "1" and self._of.taken_over < 1:
            right = np.full(len(TIMES), before[segment])
        told = self._binomial(made, np.where(self._since, self._of.labelled, 1.0))
        fraud = self._binomial(told, FRAUD)
        found: defaultdict[str, Values] = defaultdict(lambda: np.zeros(len(TIMES)))
        for name, other, cases in (("1", "0", fraud), ("0", "1", told - fraud)):
            well = self._binomial(cases, right)
            found[f"{name} tp"] += self._later(well)
            found[f"{name} fn"] += self._later(cases - well)
            found[f"{other} fp"] += self._later(cases - well)
        return found

    def _later(self, values: Values) -> Values:
        delay = np.where(self._since, self._of.delay_since, self._of.delay)
        known = np.zeros(len(TIMES))
        at = np.arange(len(TIMES)) + np.rint(delay / STEP).astype(int)
        np.add.at(known, at[at < len(TIMES)], values[at < len(TIMES)])
        return known

    def features(self) -> list[Labelled]:
        found = []
        for name, feature in self._of.features.items():
            for version in self._versions():
                found += self._feature(name, feature, version)
        if self._of.leaked:
            made = _add(v for (version, _), v in self._predictions.items() if version == self._of.version)
            found += self._bins("disputes", "all", {"missing": made}, self._of.version)
            found += self._reference("disputes", {"01": 0.5, "02": 0.5}, self._of.version)
        return found

    def _feature(self, name: str, feature: Feature, version: str) -> list[Labelled]:
        found: list[Labelled] = []
        whole: defaultdict[str, Values] = defaultdict(lambda: np.zeros(len(TIMES)))
        for (of, segment), made in self._predictions.items():
            if of != version:
                continue
            after = feature.after or feature.before
            if feature.segments is not None:
                after = feature.segments.get(segment, after)
            bins = self._draw(made, feature.before, after)
            for name_of_bin, values in bins.items():
                whole[name_of_bin] += values
            if feature.segments is not None:
                found += self._bins(name, segment, bins, version)
        if feature.size:
            finite = _add(values for b, values in whole.items() if b not in ("missing", "wrong_type"))
            mean = np.where(self._since, feature.size[1], feature.size[0])
            total = finite * mean * self._random.normal(1, 0.05, len(TIMES))
            found.append(self._counter("model_feature_magnitude_total", total, version, feature=name))
        return [
            *found,
            *self._bins(name, "all", whole, version),
            *self._reference(name, feature.reference or feature.before, version),
        ]

    def _draw(self, made: Values, before: Shares, after: Shares) -> dict[str, Values]:
        names = sorted({*before, *after})
        sides = [np.array([shares.get(name, 0.0) for name in names]) for shares in (before, after)]
        drawn = np.array(
            [
                self._random.multinomial(number, sides[int(since)] / sides[int(since)].sum())
                for number, since in zip(made.astype(np.int64), self._since, strict=True)
            ]
        )
        return dict(zip(names, drawn.T.astype(float), strict=True))

    def _bins(self, name: str, segment: str, bins: Mapping[str, Values], version: str) -> list[Labelled]:
        labels = {"feature": name, "segment": segment, "reference": "r"}
        return [
            self._counter("model_feature_values_total", values, version, bin=b, **labels)
            for b, values in bins.items()
        ]

    def _reference(self, name: str, shares: Shares, version: str) -> list[Labelled]:
        labels = {NAME: "model_reference_values", "feature": name, "segment": "all", "reference": "r"}
        return [
            _series({**labels, "bin": b, **_model(version)}, np.full(len(TIMES), 1000 * share))
            for b, share in shares.items()
        ]

    def _counter(self, series: str, values: Values, version: str, **labels: str) -> Labelled:
        counted = 5.0 + np.cumsum(values)
        if self._of.restarted:
            counted = np.where(self._since, counted - counted[np.flatnonzero(self._since)[0] - 1], counted)
        places = np.arange(len(counted)) // EXPORTED * EXPORTED
        known = counted[places].astype(float)
        if version == self._of.version:
            known[~self._since] = np.nan
            known[self._since] -= 5.0
        return _series({NAME: series, **_model(version), **labels}, known)


def _add(values: Iterable[Values]) -> Values:
    return np.asarray(np.sum(list(values), axis=0))


def _split(key: str) -> dict[str, str]:
    return dict(zip(("class", "outcome"), key.split(), strict=True))


def _model(version: str) -> dict[str, str]:
    return {"service_name": SERVICE, "model_name": MODEL, "model_version": version}


def _series(labels: dict[str, str], values: Values) -> Labelled:
    known = np.flatnonzero(np.isfinite(values))
    return Labelled(labels=labels, values=pack(np.column_stack([TIMES, values])[known]))
