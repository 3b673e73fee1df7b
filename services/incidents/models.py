"""What Prometheus tells of watched models: all of them in a line each, and one version in detail."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from math import inf
from typing import NamedTuple

from pydantic import BaseModel

from prometheus import queries as q
from prometheus import watched_models as w
from prometheus.client import Answers, AsyncClient, Point, TimeSeries, query_batch, query_range_batch
from prometheus.model_samples import ALL, LONG, SHORT
from prometheus.models import MODEL
from services.incidents.incident import Incident

HISTORY, STEP = 6 * 3600.0, 120.0
"""Seconds that quality is drawn of, and between its points."""

SPOKEN = {"r2": "R²", "f1": "F1", "f1_macro": "F1, mean of classes", "log_loss": "log loss"}
ACRONYMS = ("auc", "mae", "rmse", "mape", "ndcg", "mrr", "map")

AT_ONCE = 2
"""Models that are read at a time; more wait."""


class Key(NamedTuple):
    """A version of a model of a service."""

    service: str
    model: str
    version: str


class Fault(BaseModel):
    """A share (0–1) of a feature's values that is faulty, and how."""

    feature: str
    kind: str
    share: float


class Compared(BaseModel):
    """What has a measure by what is usual, errors the other way round, and the least that is allowed."""

    kept: float | None
    to_keep: float | None

    @property
    def is_worse(self) -> bool:
        return self.kept is not None and self.to_keep is not None and self.kept < self.to_keep


class Version(Compared):
    """A version at a glance; None is what is not known.

    `level` is how bad its `state` is: 2 bad, 1 worth a look, 0 well, -1 not known. `predictions` are per
    second, `labels` by predictions; `measure` is the main one, `now` its value.
    """

    service: str
    model: str
    version: str
    task: str
    state: str
    level: int
    alerts: int
    incidents: list[int]
    predictions: float | None
    labels: float | None
    measure: str | None
    now: float | None
    drifted: int
    fault: Fault | None


class Measure(Compared):
    """A measure of quality now, and its median over the past."""

    name: str
    now: float
    usual: float | None


class Spread(BaseModel):
    """A measure, and the ends of the interval in which it is with probability 95%."""

    now: float
    low: float
    high: float


class Segment(BaseModel):
    """Predictions of a segment whose labels became known in a window, and measures of them by name.

    `worse` are the measures whose whole interval is on the wrong side of everybody's value.
    """

    name: str
    labels: float
    measures: dict[str, Spread]
    worse: list[str]


class Estimate(Spread):
    """A measure of the present predictions as it should be, before their labels.

    `measured` is what labels that became known say, `error` what would have been estimated of these minus
    that.
    """

    name: str
    measured: float | None
    error: float | None

    @property
    def is_missed(self) -> bool:
        return self.measured is not None and not self.low <= self.measured <= self.high


class Feature(BaseModel):
    """A feature against the reference: its drift by what large drift exceeds only by chance, and faults.

    `level` is 2 for large drift, 1 for moderate, 0 for none; None is unknown. It is of the last `window`.
    """

    name: str
    window: str
    excess: float | None
    level: int | None
    faults: list[Fault]


class Bin(BaseModel):
    """Shares (0–1) of a feature's values in a bin, named by its category or by where it begins."""

    name: str
    now: float
    reference: float


class Details(BaseModel):
    """One version: quality over the last hours as (Unix seconds, main measure), and what it is given.

    `everybody` and `segments` are over `window`.
    """

    version: Version
    history: list[Point]
    usual: float | None
    measures: list[Measure]
    estimates: list[Estimate]
    window: str
    everybody: Segment | None
    segments: list[Segment]
    features: list[Feature]
    feature: str | None
    distribution: list[Bin]

    def ends(self, measure: str) -> tuple[float, float]:
        """The least and the largest end of the segments' intervals of a measure."""
        every = [self.everybody, *self.segments] if self.everybody else self.segments
        spreads = [each.measures[measure] for each in every if measure in each.measures]
        return min(each.low for each in spreads), max(each.high for each in spreads)


class Models:
    """Asks Prometheus: once for all models, three times more for one."""

    def __init__(self, prometheus: AsyncClient) -> None:
        self._prometheus = prometheus
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def read_all(self, incidents: Iterable[Incident], *where: str) -> list[Version]:
        """Every version in order of service, model and version. Raises SourceAway."""
        asked = query_batch(w.glance(*where), time.time())
        async with self._turns:
            return read_versions(await self._prometheus.ask(asked), list(incidents))

    async def read_versions(self, incidents: Iterable[Incident], service: str, model: str) -> list[Version]:
        """The versions of one model, those with most predictions first. Raises SourceAway."""
        of = q.equal("service_name", service), q.equal("model_name", model)
        found = await self.read_all(incidents, *of)
        return sorted(found, key=lambda version: -(version.predictions or 0))

    async def read_details(self, version: Version, feature: str = "") -> Details:
        """One version in detail, with the distribution of a feature: of this name, or that drifts most.

        Raises SourceAway.
        """
        key = Key(version.service, version.model, version.version)
        of = [q.equal(label, value) for label, value in zip(MODEL, key, strict=True)]
        now = time.time()
        async with self._turns:
            found, past = await asyncio.gather(
                self._prometheus.ask(query_batch(w.details(*of), now)),
                self._prometheus.ask(query_range_batch(w.history(*of), now - HISTORY, now, STEP)),
            )
            features = read_features(found)
            chosen = next((each for each in features if each.name == feature), next(iter(features), None))
            bins = await self._read_bins(of, chosen, now) if chosen else []
        measures = read_measures(found)
        window, everybody, segments = read_segments(found)
        drawn = (each for each in past["main"] if each.labels["measure"] == version.measure)
        return Details(
            version=version,
            history=[point for each in drawn for point in each.points],
            usual=next((each.usual for each in measures if each.name == version.measure), None),
            measures=measures,
            estimates=read_estimates(found),
            window=window,
            everybody=everybody,
            segments=segments,
            features=features,
            feature=chosen.name if chosen else None,
            distribution=bins,
        )

    async def _read_bins(self, of: list[str], feature: Feature, now: float) -> list[Bin]:
        which = q.equal("feature", feature.name), q.equal("window", feature.window), w.EVERYBODY
        return read_bins(await self._prometheus.ask(query_batch(w.distributions(*of, *which), now)))


def read_versions(found: Answers, incidents: list[Incident]) -> list[Version]:
    """Each version that the answers know a task of, with the open incidents of its service."""
    by_name = {name: {_key(each): each for each in answers} for name, answers in found.items()}
    return [_read_version(key, by_name, incidents) for key in sorted(by_name["task"])]


def _read_version(
    key: Key, found: Mapping[str, Mapping[Key, TimeSeries]], incidents: list[Incident]
) -> Version:
    values = {name: answers[key].last for name, answers in found.items() if key in answers}
    labels = {name: answers[key].labels for name, answers in found.items() if key in answers}
    touching = [incident for incident in incidents if key.service in incident.services]
    alerts = max(int(values.get("alerts", 0)), sum(_count_alerts(incident, key) for incident in touching))
    state = labels["state"]["state"] if "state" in labels else w.UNKNOWN
    if alerts:
        state = w.ALERT
    elif touching and w.STATES[state] < w.BAD:
        state = w.INCIDENT
    fault = labels.get("fault")
    return Version(
        **key._asdict(),
        task=labels["task"]["task"],
        state=state,
        level=w.STATES[state],
        alerts=alerts,
        incidents=[incident.id for incident in touching],
        predictions=values.get("predictions"),
        labels=values.get("labels"),
        measure=labels["main"]["measure"] if "main" in labels else None,
        now=values.get("main"),
        kept=values.get("kept"),
        to_keep=values.get("to_keep"),
        drifted=int(values.get("drifted", 0)),
        fault=Fault(feature=fault["feature"], kind=fault["kind"], share=values["fault"]) if fault else None,
    )


def _count_alerts(incident: Incident, key: Key) -> int:
    """Alerts of the incident that fire and are about this model: of this version, or of none."""
    about = (
        (alert.labels.get(label, "") for label in MODEL)
        for alert in incident.alerts
        if alert.status == "firing"
    )
    return sum(
        (service, model) == key[:2] and version in ("", key.version) for service, model, version in about
    )


def read_measures(found: Answers) -> list[Measure]:
    """The worst by what is usual first, each with what is usual in the same window."""
    usual, kept, to_keep = (
        {_sample(each): each.last for each in found[name]} for name in ("usual", "kept", "to_keep")
    )
    measures = [
        Measure(
            name=each.labels["measure"],
            now=each.last,
            usual=usual.get(_sample(each)),
            kept=kept.get(_sample(each)),
            to_keep=to_keep.get(_sample(each)),
        )
        for each in found["measures"]
    ]
    return sorted(measures, key=lambda each: (inf if each.kept is None else each.kept, each.name))


def _sample(series: TimeSeries) -> tuple[str, str]:
    return series.labels["measure"], series.labels["window"]


def read_segments(found: Answers) -> tuple[str, Segment | None, list[Segment]]:
    """The window, everybody, and the segments by name: over ten minutes if all have enough labels then."""
    told = {window: _read_window(found, window) for window in (SHORT, LONG)}
    window = SHORT if told[SHORT].keys() == told[LONG].keys() else LONG
    segments = [segment for name, segment in sorted(told[window].items()) if name != ALL]
    return window, told[window].get(ALL), segments


def _read_window(found: Answers, window: str) -> dict[str, Segment]:
    values, trials, labels = (
        {
            (each.labels["segment"], each.labels.get("measure", "")): each.last
            for each in found[name]
            if each.labels["window"] == window
        }
        for name in ("segments", "trials", "labelled")
    )
    measures: dict[str, dict[str, Spread]] = {}
    for (segment, name), value in values.items():
        if trials.get((segment, name)):
            low, high = w.interval(name, value, trials[segment, name])
            measures.setdefault(segment, {})[name] = Spread(now=value, low=low, high=high)
    everybody = measures.get(ALL, {})
    return {
        segment: Segment(
            name=segment,
            labels=labels.get((segment, ""), 0.0),
            measures=of_segment,
            worse=[name for name, spread in of_segment.items() if _is_worse(name, spread, everybody)],
        )
        for segment, of_segment in measures.items()
    }


def _is_worse(name: str, spread: Spread, everybody: Mapping[str, Spread]) -> bool:
    if name not in everybody:
        return False
    usual = everybody[name].now
    return spread.low > usual if name in w.ERRORS else spread.high < usual


def read_estimates(found: Answers) -> list[Estimate]:
    """By name, beside what labels say: over an hour where ten minutes have too few of them."""
    margin, error, measured = (
        {each.labels["measure"]: each.last for each in found[name]}
        for name in ("margin", "error", "measures")
    )
    estimates = [
        Estimate(
            name=name,
            now=each.last,
            low=max(0.0, each.last - margin[name]),
            high=each.last + margin[name] if name in w.ERRORS else min(1.0, each.last + margin[name]),
            measured=measured.get(name),
            error=error.get(name),
        )
        for each in found["estimate"]
        if (name := each.labels["measure"]) in margin
    ]
    return sorted(estimates, key=lambda each: each.name)


def read_features(found: Answers) -> list[Feature]:
    """Those that drift most first, then by faults and name."""
    excess, level = (
        {each.labels["feature"]: each.last for each in found[name]} for name in ("excess", "level")
    )
    windows = {each.labels["feature"]: each.labels["window"] for each in found["excess"] + found["faults"]}
    faults: dict[str, list[Fault]] = {name: [] for name in windows}
    for each in found["faults"]:
        fault = Fault(feature=each.labels["feature"], kind=each.labels["kind"], share=each.last)
        faults[fault.feature].append(fault)
    features = [
        Feature(
            name=name,
            window=window,
            excess=excess.get(name),
            level=int(level[name]) if name in level else None,
            faults=sorted(faults[name], key=lambda fault: -fault.share),
        )
        for name, window in windows.items()
    ]
    return sorted(features, key=lambda each: (-(each.excess or 0), -len(each.faults), each.name))


def read_bins(found: Answers) -> list[Bin]:
    """Bins in their order, with a share of 0 where one of the two has none."""
    now, reference = (
        {each.labels["where"]: each.last for each in found[name]} for name in ("now", "reference")
    )
    return [
        Bin(name=name, now=now.get(name, 0.0), reference=reference.get(name, 0.0))
        for name in sorted(now.keys() | reference.keys())
    ]


def _key(series: TimeSeries) -> Key:
    return Key(*(series.labels.get(label, "") for label in MODEL))


def name_measure(name: str) -> str:
    """A measure as people write it."""
    if name in SPOKEN:
        return SPOKEN[name]
    return name.upper() if name in ACRONYMS else name.replace("_macro", ", mean of classes").replace("_", " ")
