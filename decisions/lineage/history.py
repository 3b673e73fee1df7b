"""Training runs, from OpenLineage events of any producer: those whose output has a version.

A run is told by several events; of each kind of fact, the last one counts.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field, ValidationError

from decisions.lineage.emission import LARGEST
from decisions.lineage.events import METRIC, MODEL, REVISION

MOST_BYTES = 20_000_000
"""That are read, the newest: some 10,000 events, of which a run has two."""


class CheckResult(BaseModel):
    """A check of a data set; `found` as its producer wrote it."""

    name: str
    passed: bool
    found: str | None


class UsedData(BaseModel):
    """A data set that a run read; `id` tells its content."""

    name: str
    id: str
    rows: int | None
    checks: list[CheckResult]


class Training(BaseModel):
    """A run and the version that it made, if it did."""

    run: str
    job: str
    state: str
    """START, RUNNING, COMPLETE, ABORT or FAIL."""
    began: datetime
    ended: datetime | None
    revision: str | None
    parameters: dict[str, str]
    data: list[UsedData]
    error: str | None
    service: str | None
    model: str | None
    version: str | None
    stored: str | None
    """Where the version is, such as s3://whence/models/als32-1a2b3c."""
    metrics: dict[str, float]


def read_trainings(*files: Path) -> list[Training]:
    """All runs that tell of a training, newest first; none of a file that is not there. Raises OSError."""
    runs: dict[str, list[_Event]] = {}
    for event in chain.from_iterable(map(_read_events, files)):
        runs.setdefault(event.run.runId, []).append(event)
    found = [training for events in runs.values() if (training := _join(events))]
    return sorted(found, key=lambda training: training.began, reverse=True)


def _or(empty: Any) -> BeforeValidator:
    return BeforeValidator(lambda found: empty if found is None else found)


_Named = Annotated[dict[str, Any], _or({})]


class _Facets(BaseModel):
    """Facets that are used; others, and those that are not as their schema says, are left out."""

    facets: _Named = {}

    def facet(self, name: str, key: str) -> Any:
        content = self.facets.get(name)
        return content.get(key) if isinstance(content, dict) else None

    def listed(self, name: str, key: str) -> list[dict[str, Any]]:
        found = self.facet(name, key)
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    def text(self, name: str, key: str) -> str | None:
        found = self.facet(name, key)
        return found if isinstance(found, str) else None


class _Run(_Facets):
    runId: str


class _Job(_Facets):
    namespace: str
    name: str


class _DataSet(_Facets):
    namespace: str
    name: str
    inputFacets: _Named = {}

    @property
    def version(self) -> str | None:
        return self.text("version", "datasetVersion")

    @property
    def model(self) -> dict[str, Any] | None:
        links = self.listed("symlinks", "identifiers")
        return next((link for link in links if link.get("type") == MODEL), None)


class _Event(BaseModel):
    eventTime: AwareDatetime
    eventType: Annotated[str, _or("OTHER"), Field(max_length=20)] = "OTHER"
    run: _Run
    job: _Job
    inputs: Annotated[list[_DataSet], _or([])] = []
    outputs: Annotated[list[_DataSet], _or([])] = []

    @classmethod
    def parse(cls, line: bytes) -> Self | None:
        try:
            return cls.model_validate_json(line)
        except ValidationError:
            return None


def _read_events(file: Path) -> Iterator[_Event]:
    try:
        with file.open("rb") as lines:
            lines.seek(max(0, file.stat().st_size - MOST_BYTES))
            while line := lines.readline(LARGEST + 1):
                event = _Event.parse(line)
                if event:
                    yield event
    except FileNotFoundError:
        return


def _join(events: list[_Event]) -> Training | None:
    """The run of these events; None if it is no training: it made no version, and is not named one."""
    last = max(events, key=lambda event: (event.eventType != "START", event.eventTime))
    made = next((each for event in events for each in event.outputs if each.version), None)
    if made is None and not last.job.name.endswith(".train"):
        return None
    served = (made.model if made else None) or {}
    run = _Facets(facets={name: of for event in events for name, of in event.run.facets.items()})
    return Training(
        run=last.run.runId,
        job=f"{last.job.namespace}/{last.job.name}",
        state=last.eventType,
        began=min(event.eventTime for event in events),
        ended=None if last.eventType in ("START", "RUNNING") else last.eventTime,
        revision=_read_pairs(run.listed("tags", "tags")).get(REVISION),
        parameters=_read_pairs(run.listed("executionParameters", "parameters")),
        data=[_read_data(used) for used in last.inputs or events[0].inputs if used.version],
        error=run.text("errorMessage", "message"),
        service=str(served["namespace"]) if "namespace" in served else None,
        model=str(served["name"]) if "name" in served else None,
        version=made.version if made else None,
        stored=f"{made.namespace}/{made.name}" if made else None,
        metrics=_read_metrics(made) if made else {},
    )


def _read_data(used: _DataSet) -> UsedData:
    of = _Facets(facets=used.inputFacets)
    rows = of.facet("inputStatistics", "rowCount")
    return UsedData(
        name=f"{used.namespace}/{used.name}",
        id=used.version or "",
        rows=rows if isinstance(rows, int) else None,
        checks=[
            CheckResult(
                name=str(check["assertion"]), passed=check["success"] is True, found=_text(check, "actual")
            )
            for check in of.listed("dataQualityAssertions", "assertions")
            if {"assertion", "success"} <= check.keys()
        ],
    )


def _read_metrics(made: _DataSet) -> dict[str, float]:
    found: dict[str, float] = {}
    for tag in made.listed("tags", "tags"):
        with suppress(KeyError, TypeError, ValueError):
            found |= {str(tag["key"]): float(tag["value"])} if tag.get("source") == METRIC else {}
    return found


def _read_pairs(pairs: list[dict[str, Any]]) -> dict[str, str]:
    return {str(pair["key"]): str(pair["value"]) for pair in pairs if {"key", "value"} <= pair.keys()}


def _text(of: dict[str, Any], key: str) -> str | None:
    return None if of.get(key) is None else str(of[key])
