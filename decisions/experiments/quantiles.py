"""Quantiles of durations from native histograms by group of users, as Prometheus has them.

where is the quantile? ──► how many of each group are below? ──► how sure is that share? ──► where are
                                                                 the quantiles that are its error away?
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from config.experiments import Experiment
from decisions.experiments.estimates import (
    UNKNOWN,
    Estimate,
    around,
    quantile_of_shares,
    ratio_of_sums,
)
from decisions.experiments.queries import GROUP, below_query, quantile_query
from prometheus.client import Client, TimeSeries, query_batch

Groups = Mapping[str, float]
"""A sum by group of users."""


class _Target(NamedTuple):
    """One quantile (0–1) of one version."""

    metric: str
    version: str
    quantile: float


def read_quantiles(
    client: Client, experiment: Experiment, requests: Mapping[str, Groups], seconds: int, now: float
) -> dict[tuple[str, str], Estimate]:
    """By metric and version, of the last `seconds` before `now`; `requests` are by version.

    Raises SourceAway.
    """
    targets = [
        _Target(metric.name, version, metric.quantile)
        for metric in experiment.metrics
        if metric.quantile
        for version in requests
    ]

    def ask(queries: Mapping[_Target, str]) -> dict[_Target, list[TimeSeries]]:
        if not queries:
            return {}
        found = client.ask(query_batch({f"q{n}": of for n, of in enumerate(queries.values())}, now))
        return {target: found[f"q{n}"] for n, target in enumerate(queries) if found[f"q{n}"]}

    def find(wanted: Mapping[_Target, float]) -> dict[_Target, float]:
        asked = {
            target: quantile_query(experiment.service, target.version, of, seconds)
            for target, of in wanted.items()
        }
        return {target: series[0].last for target, series in ask(asked).items()}

    values = find({target: target.quantile for target in targets})
    below = ask(
        {
            target: below_query(experiment.service, target.version, value, seconds)
            for target, value in values.items()
        }
    )
    shares = {target: _share(groups, requests[target.version]) for target, groups in below.items()}
    low, high = (
        find({target: float(around(target.quantile, share)[side]) for target, share in shares.items()})
        for side in (0, 1)
    )
    return {
        (target.metric, target.version): quantile_of_shares(
            share, values[target], low.get(target, np.nan), high.get(target, np.nan)
        )
        for target, share in shares.items()
    }


def _share(below: list[TimeSeries], requests: Groups) -> Estimate:
    return ratio({each.labels[GROUP]: each.last for each in below}, requests, events=True)


def ratio(sums: Groups, counts: Groups, *, events: bool = False) -> Estimate:
    """`ratio_of_sums` of groups by their names; unknown without any."""
    if not counts:
        return UNKNOWN
    return ratio_of_sums([sums.get(group, 0.0) for group in counts], list(counts.values()), events=events)
