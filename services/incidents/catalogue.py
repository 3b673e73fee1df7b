"""All models that anybody tells of: what watches, trains, serves or changes them."""

import asyncio
from collections.abc import Iterable

from pydantic import BaseModel

from decisions.audit import Entry
from decisions.lineage.history import Training
from prometheus.client import AsyncClient
from services.incidents.decisions import Decisions, Experiment, Known
from services.incidents.incident import Incident
from services.incidents.models import Models, Version
from services.incidents.serving import Key, find_versions

SHOWN = 5
"""Changes of a version, the newest."""


class CataloguedVersion(BaseModel):
    """A version: `watched` while a service reports it, `training` if its trainer told of it."""

    version: str
    data_set: str | None
    watched: Version | None
    training: Training | None
    experiments: list[Experiment]
    changes: list[Entry]


class CataloguedModel(BaseModel):
    """A model of a service; the versions in use come first, then those that were trained last.

    `changes` are about the model, not about one of its versions.
    """

    service: str
    model: str
    versions: list[CataloguedVersion]
    changes: list[Entry]


class Catalogue(BaseModel):
    """Every model that was found; `missing` says in a line each what could not be read."""

    models: list[CataloguedModel]
    missing: list[str]


class Catalogues:
    """Asks Prometheus twice, and reads the files of decisions, anew for each request."""

    def __init__(self, prometheus: AsyncClient, models: Models, decisions: Decisions) -> None:
        self._prometheus = prometheus
        self._models = models
        self._decisions = decisions

    async def read(self, incidents: Iterable[Incident]) -> Catalogue:
        """All models of the last 30 days, and those that were trained. Raises SourceAway."""
        watched, seen, known = await asyncio.gather(
            self._models.read_all(incidents), find_versions(self._prometheus), self._decisions.read()
        )
        return Catalogue(models=join(watched, seen, known), missing=known.missing)


def join(watched: Iterable[Version], seen: dict[Key, str], known: Known) -> list[CataloguedModel]:
    """What is known of each version, by service and model."""
    now = {Key(each.service, each.model, each.version): each for each in watched}
    trained = {
        Key(run.service, run.model, run.version): run
        for run in reversed(known.trainings)
        if run.service and run.model and run.version
    }
    models: dict[tuple[str, str], list[CataloguedVersion]] = {}
    for key in sorted(now.keys() | seen.keys() | trained.keys()):
        version = _describe(key.version, now.get(key), seen.get(key), trained.get(key), known)
        models.setdefault((key.service, key.model), []).append(version)
    return [
        CataloguedModel(
            service=service,
            model=model,
            versions=sorted(versions, key=_rank, reverse=True),
            changes=[entry for entry in known.changes if entry.subject == model][:SHOWN],
        )
        for (service, model), versions in models.items()
    ]


def _describe(
    version: str, watched: Version | None, data_set: str | None, training: Training | None, known: Known
) -> CataloguedVersion:
    used = training.data[0].id if training and training.data else None
    return CataloguedVersion(
        version=version,
        data_set=data_set or used,
        watched=watched,
        training=training,
        experiments=[each for each in known.experiments if version in each.shares],
        changes=[entry for entry in known.changes if version in entry.versions][:SHOWN],
    )


def _rank(version: CataloguedVersion) -> tuple[float, float, str]:
    """In use by predictions, then by training."""
    watched, training = version.watched, version.training
    return (
        1 + (watched.predictions or 0) if watched else 0,
        training.began.timestamp() if training else 0,
        version.version,
    )
