"""Versions side by side: what Prometheus knows of each, how they differ, how one in the shadow would."""

import time
from collections.abc import Sequence

from pydantic import BaseModel

from prometheus.client import Answers, AsyncClient, query_batch
from prometheus.recommender import versions as v
from services.incidents.models.version_differences import Difference, read_differences

NOW = "5m"
"""What is said of versions as they are now is of these last minutes."""
ALL = "all"
"""In place of a segment: all of them."""


class Version(BaseModel):
    """A version as it is now; None is what is not known.

    `requests` are per second, `p50` and `p95` seconds, `cost` is of a million answers, `items` are
    different ones shown in ten minutes; all else is a share.
    """

    version: str
    data_set: str | None
    trained_at: str | None
    requests: float | None
    p50: float | None
    p95: float | None
    cost: float | None
    hit_rate: float | None
    thumbs_up: float | None
    items: float | None
    drift: float | None


class Agreement(BaseModel):
    """How a version in the shadow agrees with the one that answered; `compared` are requests per second."""

    version: str
    shadow_version: str
    segment: str
    compared: float
    agreement: float
    overlap: float


class Comparison(BaseModel):
    """Everything; `outcomes` are requests to the shadow per second, by its version and their outcome."""

    versions: list[Version]
    control: str | None
    differences: list[Difference]
    agreements: list[Agreement]
    outcomes: dict[str, dict[str, float]]


async def read_comparison(prometheus: AsyncClient) -> Comparison:
    """Ask for everything, in one to four requests. Raises SourceAway."""
    now = time.time()
    found = await prometheus.ask(query_batch(v.side_by_side(NOW) | v.shadow(NOW), now))
    versions = read_versions(found)
    control = versions[0].version if versions else None
    return Comparison(
        versions=versions,
        control=control,
        differences=await read_differences(prometheus, control, now) if control else [],
        agreements=read_agreements(found),
        outcomes=read_outcomes(found),
    )


def read_versions(found: Answers) -> list[Version]:
    """The versions that answer, those with most requests first."""
    measures = v.side_by_side(NOW).keys() - {"info"}
    values = {name: {each.labels[v.VERSION]: each.last for each in found[name]} for name in measures}
    info = {each.labels[v.VERSION]: each.labels for each in found["info"]}
    versions = [
        Version(
            version=name,
            data_set=info.get(name, {}).get(v.DATA_SET),
            trained_at=info.get(name, {}).get(v.TRAINED),
            **{measure: of.get(name) for measure, of in values.items()},
        )
        for name in values["requests"]
    ]
    return sorted(versions, key=lambda each: (-(each.requests or 0), each.version))


def read_agreements(found: Answers) -> list[Agreement]:
    """By version and segment, all segments together first."""
    keys = (v.VERSION, v.SHADOW_VERSION, v.SEGMENT)
    values = {
        name: {tuple(each.labels.get(key, "") for key in keys): each.last for each in found[name]}
        for name in ("compared", "agreement", "overlap")
    }
    rows = [
        Agreement(
            version=key[0],
            shadow_version=key[1],
            segment=key[2],
            compared=compared,
            agreement=values["agreement"][key],
            overlap=values["overlap"][key],
        )
        for key, compared in sorted(values["compared"].items())
        if key in values["agreement"] and key in values["overlap"]
    ]
    pairs = dict.fromkeys((row.version, row.shadow_version) for row in rows)
    return [
        each
        for pair in pairs
        for each in _with_all([row for row in rows if (row.version, row.shadow_version) == pair])
    ]


def _with_all(rows: Sequence[Agreement]) -> list[Agreement]:
    compared = sum(row.compared for row in rows)
    whole = rows[0].model_copy(
        update={
            "segment": ALL,
            "compared": compared,
            "agreement": sum(row.compared * row.agreement for row in rows) / compared,
            "overlap": sum(row.compared * row.overlap for row in rows) / compared,
        }
    )
    return [whole, *rows]


def read_outcomes(found: Answers) -> dict[str, dict[str, float]]:
    """By version in the shadow and outcome, the most frequent first."""
    outcomes: dict[str, dict[str, float]] = {}
    for each in sorted(found["outcomes"], key=lambda series: -series.last):
        outcomes.setdefault(each.labels[v.SHADOW_VERSION], {})[each.labels[v.OUTCOME]] = each.last
    return outcomes
