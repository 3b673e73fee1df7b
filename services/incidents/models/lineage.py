"""From a request to what its model was made of, and from a data set or version to whom it answered."""

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from http import HTTPStatus

from pydantic import BaseModel

from decisions.audit import Entry
from decisions.lineage.history import Training, UsedData
from jaeger.client import Trace, find, search
from prometheus import queries as q
from prometheus.client import AsyncClient, Refused, SourceAway
from prometheus.models import serving as s
from services.incidents.models.decisions import Decisions, Known
from services.incidents.models.serving import Serving, find_servings, find_versions
from telemetry import attributes as a

TRACED = 48 * 3600
"""Seconds back in which sample traces are looked for; Jaeger may keep less."""

MOST = 20
"""Versions that are asked about at once, and servings of which samples are looked for."""

SAMPLES = 5
"""Traces of a version and service."""

SHOWN = 50
"""Training runs and changes of a version, the newest."""

AT_ONCE = 2
"""Readings at a time; more wait."""


class Sample(BaseModel):
    """A request that a version answered."""

    version: str
    service: str
    trace_id: str
    started_at: datetime


class VersionLineage(BaseModel):
    """Where a version came from, whom it served, and who changed what about it, all newest first."""

    version: str
    trainings: list[Training]
    servings: list[Serving]
    samples: list[Sample]
    changes: list[Entry]

    @property
    def known(self) -> bool:
        """Whether anything is known of it."""
        return bool(self.trainings or self.servings or self.changes)


class Lineage(BaseModel):
    """The versions that were asked for; `missing` says in a line each what could not be asked or read."""

    versions: list[VersionLineage]
    answers: float
    """Of all of them, within the last 30 days."""
    missing: list[str]


class DataSetLineage(Lineage):
    """What was made of a data set; `used` is what training runs say of it."""

    data_set: str
    used: UsedData | None


class Answered(BaseModel):
    """What answered in a request, as its span says."""

    service: str
    span: str
    version: str
    data_set: str | None


class TraceLineage(Lineage):
    """What answered in a request, and where that came from."""

    trace_id: str
    started_at: datetime
    answered: list[Answered]


class Lineages:
    """Asks Prometheus and Jaeger anew for each request."""

    def __init__(self, prometheus: AsyncClient, jaeger: AsyncClient, decisions: Decisions) -> None:
        self._prometheus = prometheus
        self._jaeger = jaeger
        self._decisions = decisions
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def of_version(self, version: str) -> Lineage | None:
        """A version; None if nobody has told of it. Raises SourceAway for Prometheus."""
        async with self._turns:
            found = await self._read([version], await self._decisions.read())
        return found if found.versions[0].known else None

    async def of_data_set(self, data_set: str) -> DataSetLineage | None:
        """What was made of a data set; None if nobody has told of it. Raises SourceAway for Prometheus."""
        async with self._turns:
            known = await self._decisions.read()
            runs = [run for run in known.trainings if data_set in [data.id for data in run.data]]
            reported = await find_versions(self._prometheus, q.equal(s.DATA_SET, data_set))
            versions = [run.version for run in runs if run.version]
            versions += sorted((key.version for key in reported), reverse=True)
            named = {(key.service, key.version) for key in reported}
            named |= {(run.service, run.version) for run in runs if run.service and run.version}
            of_it = known.model_copy(update={"trainings": runs}).of(named)
            made = {(run.service, run.model, run.version, data.id) for run in runs for data in run.data}
            found = await self._read(
                versions,
                of_it,
                lambda of: of.data_set == data_set or (of.service, of.model, of.version, of.data_set) in made,
            )
        if not runs and not versions:
            return None
        used = (data for run in runs for data in run.data if data.id == data_set)
        return DataSetLineage(**dict(found), data_set=data_set, used=next(used, None))

    async def of_trace(self, trace_id: str) -> TraceLineage | None:
        """What answered in a request; None if Jaeger does not have it. Raises SourceAway."""
        trace = await self._find_trace(trace_id)
        if trace is None:
            return None
        answered = find_answered(trace)
        named = {(each.service, each.version) for each in answered}
        async with self._turns:
            found = await self._read(
                [each.version for each in answered],
                (await self._decisions.read()).of(named),
                lambda serving: (serving.service, serving.version) in named,
            )
        started = datetime.fromtimestamp(trace.started_at, UTC)
        return TraceLineage(**dict(found), trace_id=trace.trace_id, started_at=started, answered=answered)

    async def _find_trace(self, trace_id: str) -> Trace | None:
        try:
            traces = await self._jaeger.ask(find(trace_id))
        except Refused as refused:
            if refused.status == HTTPStatus.NOT_FOUND:
                return None
            raise
        return traces[0] if traces else None

    async def _read(
        self,
        versions: Iterable[str],
        known: Known,
        belongs: Callable[[Serving], bool] = lambda _: True,
    ) -> Lineage:
        """At most MOST versions, each once, with the servings that belong here: others may use its name."""
        every = list(dict.fromkeys(versions))
        names, missing = every[:MOST], list(known.missing)
        if len(every) > MOST:
            missing.append(f"These are the newest {MOST} of {len(every)} versions.")
        found = await find_servings(self._prometheus, q.one_of(s.VERSION, names)) if names else []
        servings = [serving for serving in found if belongs(serving)]
        sampled = sorted(servings, key=lambda serving: serving.answers, reverse=True)[:MOST]
        samples: list[Sample] = []
        try:
            for each in await asyncio.gather(*(self._find_samples(each) for each in sampled)):
                samples += each
        except SourceAway as away:
            missing.append(f"{away} Without it there are no sample traces.")
        return Lineage(
            versions=[_join(name, known, servings, samples) for name in names],
            answers=sum(each.answers for each in servings),
            missing=missing,
        )

    async def _find_samples(self, of: Serving) -> list[Sample]:
        """The latest requests that a version answered. Raises SourceAway."""
        now, tags = time.time(), {a.MODEL_VERSION: of.version}
        traces = await self._jaeger.ask(search(of.service, now - TRACED, now, limit=SAMPLES, tags=tags))
        return [
            Sample(
                version=of.version,
                service=of.service,
                trace_id=trace.trace_id,
                started_at=datetime.fromtimestamp(trace.started_at, UTC),
            )
            for trace in sorted(traces, key=lambda trace: trace.started_at, reverse=True)
        ]


def find_answered(trace: Trace) -> list[Answered]:
    """The versions that spans name, each once; if none does, those that their processes name."""
    named = [(span, span.tags) for span in trace.spans if a.MODEL_VERSION in span.tags]
    named = named or [(span, span.resource) for span in trace.spans if a.MODEL_VERSION in span.resource]
    found = {(span.service, str(tags[a.MODEL_VERSION])): (span, tags) for span, tags in reversed(named)}
    return [
        Answered(
            service=service,
            span=span.name,
            version=version,
            data_set=str(tags[a.DATASET_ID]) if a.DATASET_ID in tags else None,
        )
        for (service, version), (span, tags) in found.items()
    ]


def _join(
    version: str, known: Known, servings: Iterable[Serving], samples: Iterable[Sample]
) -> VersionLineage:
    return VersionLineage(
        version=version,
        trainings=[run for run in known.trainings if run.version == version][:SHOWN],
        servings=[each for each in servings if each.version == version],
        samples=[each for each in samples if each.version == version],
        changes=[entry for entry in known.changes if version in entry.versions][:SHOWN],
    )
