"""OpenLineage events of a training run and of a change of who is served by what.

https://openlineage.io/spec/2-0-2/OpenLineage.json, facets from https://openlineage.io/spec/facets/.
A data set and a model version are OpenLineage datasets, told apart by their version facet. A model version
also names, as a symlink, the service and the model as telemetry does.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Event = dict[str, Any]

PRODUCER = "urn:whence"
SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
FACETS = "https://openlineage.io/spec/facets"
MODEL = "MODEL"
"""The type of a symlink from a stored model version to what serves it."""
REVISION = "code_revision"
METRIC = "METRIC"
"""The source of a tag that is an offline metric."""

Values = Mapping[str, int | float | str]


@dataclass(frozen=True)
class Check:
    """What was looked for in a data set, in how many rows it was found, and whether that is well."""

    name: str
    passed: bool
    found: int


@dataclass(frozen=True)
class DataSet:
    """A data set by its content: `id` is a hash of it."""

    namespace: str
    name: str
    id: str
    rows: int
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True)
class ModelVersion:
    """Where a version is stored, and how a service's telemetry names it; `metrics` are offline ones."""

    namespace: str
    name: str
    service: str
    model: str
    version: str
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainingRun:
    """One fit of one model; `id` is a UUID."""

    service: str
    model: str
    revision: str
    parameters: Values
    data: tuple[DataSet, ...]
    """The last one names the data set that they are together, as telemetry does."""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


def begin(run: TrainingRun) -> Event:
    """The run has begun."""
    return _training(run, "START", [])


def complete(run: TrainingRun, made: ModelVersion) -> Event:
    """The version is stored."""
    return _training(run, "COMPLETE", [_describe_version(made)])


def fail(run: TrainingRun, message: str) -> Event:
    """No version came of it."""
    event = _training(run, "FAIL", [])
    event["run"]["facets"]["errorMessage"] = _facet(
        "1-0-1/ErrorMessageRunFacet", message=message, programmingLanguage="python"
    )
    return event


def serve(service: str, model: str, shares: Mapping[str, float], reason: str) -> Event:
    """Users are served by these versions from now on: percent of the users by version, and why."""
    versions = [
        _data_set(service, f"{model}/{version}", version, _symlink(service, model)) for version in shares
    ]
    run = {"runId": str(uuid.uuid4()), "facets": _parameters({**shares, "reason": reason})}
    answers = {"namespace": service, "name": f"{model}.answers"}
    return _event("COMPLETE", run, service, f"{model}.serve", "SERVICE", versions, [answers])


def _training(run: TrainingRun, state: str, outputs: list[Event]) -> Event:
    revision = [{"key": REVISION, "value": run.revision, "source": "GIT"}]
    facets = _parameters(run.parameters) | {"tags": _facet("1-0-0/TagsRunFacet", tags=revision)}
    described = {"runId": run.id, "facets": facets}
    return _event(
        state,
        described,
        run.service,
        f"{run.model}.train",
        "BATCH",
        [*map(_describe_data, run.data)],
        outputs,
    )


def _describe_data(used: DataSet) -> Event:
    checks = [
        {"assertion": check.name, "success": check.passed, "actual": str(check.found)}
        for check in used.checks
    ]
    return _data_set(used.namespace, used.name, used.id) | {
        "inputFacets": {
            "inputStatistics": _facet("1-0-0/InputStatisticsInputDatasetFacet", rowCount=used.rows),
            "dataQualityAssertions": _facet("1-1-0/DataQualityAssertionsDatasetFacet", assertions=checks),
        }
    }


def _describe_version(made: ModelVersion) -> Event:
    tags = [{"key": name, "value": f"{value:.6g}", "source": METRIC} for name, value in made.metrics.items()]
    more = _symlink(made.service, made.model) | {"tags": _facet("1-0-0/TagsDatasetFacet", tags=tags)}
    return _data_set(made.namespace, made.name, made.version, more)


def _data_set(namespace: str, name: str, version: str, more: Event | None = None) -> Event:
    facet = _facet("1-0-1/DatasetVersionDatasetFacet", datasetVersion=version)
    return {"namespace": namespace, "name": name, "facets": {"version": facet} | (more or {})}


def _symlink(service: str, model: str) -> Event:
    served = {"namespace": service, "name": model, "type": MODEL}
    return {"symlinks": _facet("1-0-1/SymlinksDatasetFacet", identifiers=[served])}


def _parameters(values: Values) -> Event:
    written = [
        {"key": name, "value": value if isinstance(value, str) else json.dumps(value)}
        for name, value in values.items()
    ]
    return {"executionParameters": _facet("1-0-0/ExecutionParametersRunFacet", parameters=written)}


def _event(
    state: str,
    run: Event,
    service: str,
    job: str,
    kind: str,
    inputs: list[Event],
    outputs: list[Event],
) -> Event:
    of = {"jobType": _facet("2-0-4/JobTypeJobFacet", processingType=kind, integration="WHENCE")}
    return {
        "eventTime": datetime.now(UTC).isoformat(),
        "eventType": state,
        "producer": PRODUCER,
        "schemaURL": SCHEMA,
        "run": run,
        "job": {"namespace": service, "name": job, "facets": of},
        "inputs": inputs,
        "outputs": outputs,
    }


def _facet(schema: str, **content: Any) -> Event:
    name = schema.rpartition("/")[2]
    return {"_producer": PRODUCER, "_schemaURL": f"{FACETS}/{schema}.json#/$defs/{name}"} | content
