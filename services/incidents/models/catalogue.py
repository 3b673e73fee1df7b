"""All models that anybody tells of: what watches, trains, serves or changes them."""

import asyncio
from collections.abc import Iterable, Mapping

from pydantic import BaseModel

from decisions.audit import Entry
from decisions.lineage.history import Training
from prometheus.client import AsyncClient
from services.incidents.incident import Incident
from services.incidents.models.decisions import Decisions, Experiment, Known
from services.incidents.models.serving import Key, find_versions
from services.incidents.models.watched import Models, Version

MOST = 500
"""Versions of all models: those in use, then those that were trained last."""

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
    """Asks Prometheus twice for each request."""

    def __init__(self, prometheus: AsyncClient, models: Models, decisions: Decisions) -> None:
        self._prometheus = prometheus
        self._models = models
        self._decisions = decisions

    async def read(self, incidents: Iterable[Incident]) -> Catalogue:
        """All models of the last 30 days, and those that were trained. Raises SourceAway."""
        watched, seen, known = await asyncio.gather(
            self._models.read_all(incidents), find_versions(self._prometheus), self._decisions.read()
        )
        return await asyncio.to_thread(join, watched, seen, known)


def join(watched: Iterable[Version], seen: Mapping[Key, str], known: Known) -> Catalogue:
    """What is known of each version, by service and model."""
    now = {Key(each.service, each.model, each.version): each for each in watched}
    trained = {
        Key(run.service, run.model, run.version): run
        for run in reversed(known.trainings)
        if run.service and run.model and run.version
    }
    every = sorted(
        now.keys() | seen.keys() | trained.keys(),
        key=lambda key: _rank(key, now.get(key), trained.get(key)),
        reverse=True,
    )
    experiments, changes = known.experiments, _by_name(known.changes)
    models: dict[tuple[str, str], list[CataloguedVersion]] = {}
    for key in every[:MOST]:
        version, training = key.version, trained.get(key)
        used = training.data[-1].id if training and training.data else None
        models.setdefault((key.service, key.model), []).append(
            CataloguedVersion(
                version=version,
                data_set=seen.get(key) or used,
                watched=now.get(key),
                training=training,
                experiments=[
                    each
                    for each in experiments
                    if version in each.shares and _is_of(each, key.service, key.model)
                ],
                changes=[each for each in changes.get(version, []) if _is_of(each, key.service, key.model)][
                    :SHOWN
                ],
            )
        )
    missing = list(known.missing)
    if len(every) > MOST:
        missing.append(f"These are {MOST} of {len(every):,} versions: those in use, then the last trained.")
    return Catalogue(
        models=[
            CataloguedModel(
                service=service,
                model=model,
                versions=versions,
                changes=[
                    each
                    for each in changes.get(model, [])
                    if each.subject == model and _is_of(each, service, model)
                ][:SHOWN],
            )
            for (service, model), versions in sorted(models.items())
        ],
        missing=missing,
    )


def _by_name(changes: Iterable[Entry]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in changes:
        for name in entry.versions:
            found.setdefault(name, []).append(entry)
    return found


def _is_of(told: Entry | Experiment, service: str, model: str) -> bool:
    """Whether it may be about this model: others may have versions of the same name."""
    return (told.service, told.model) in ((service, model), (None, None))


def _rank(key: Key, watched: Version | None, training: Training | None) -> tuple[float, float, Key]:
    """In use by predictions, then by training."""
    return (
        1 + (watched.predictions or 0) if watched else 0,
        training.began.timestamp() if training else 0,
        key,
    )
