"""Services of which nothing is heard any more: down, without requests, or without telemetry."""

import math
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from diagnosis.signals.series import AlignedSeries, Values, total
from diagnosis.topology.blame import System
from diagnosis.topology.entity import Entity
from diagnosis.topology.traffic import Mask

QUIET = 45.0
"""Seconds without a request after which a service that had some is silent."""

SELDOM, REGULAR = 0.25, 0.5
"""Part of QUIET in which a service is heard if single points get through, and if it is not silent."""

LEAST_RATE = 0.1
"""Requests per second below which a service may be quiet by chance."""

HEARD_LATER = 10.0
"""Seconds after its last request in which a service's telemetry may still have been on its way."""

MOST = 0.5
"""Share of calls that still arrive, or that fail, from which it is most of them."""


class Reason(StrEnum):
    """Why a service is silent, by what its callers and its other telemetry say."""

    TELEMETRY = "telemetry-lost"
    """Its callers are answered: only its telemetry does not arrive."""
    DOWN = "service-down"
    """Its callers are not answered."""
    TRAFFIC = "traffic-gone"
    """It still sends telemetry, and nobody calls it."""
    UNKNOWN = "unknown"
    """Nothing arrives, and nobody who calls it can be asked."""


class Silence(NamedTuple):
    """A silent service; `since` in Unix seconds, `usual` in requests per second."""

    entity: Entity
    since: float
    usual: float
    reason: Reason


def find_silence(aligned: AlignedSeries, system: System, entity: Entity) -> Silence | None:
    """Whether a service that served requests has served none, or hardly any, in the last QUIET seconds."""
    traffic = system.served.get(entity)
    if traffic is None:
        return None
    is_served = np.nan_to_num(traffic.rate) > 0
    heard = _heard_lately(is_served, math.ceil(QUIET / aligned.evidence.step))
    regular = np.flatnonzero(heard >= REGULAR)
    if heard[-1] > SELDOM or not len(regular):
        return None
    last = np.flatnonzero(is_served[: regular[-1] + 1])[-1]
    usual = float(np.median(traffic.rate[: last + 1][is_served[: last + 1]]))
    if usual < LEAST_RATE:
        return None
    since = float(aligned.times[last])
    return Silence(entity, since, usual, _find_reason(aligned, system, entity, since))


def _heard_lately(is_served: Mask, steps: int) -> Values:
    """By step, the part of the steps up to it in which there were requests."""
    whole = np.cumsum(np.concatenate([np.zeros(steps), is_served]))
    return np.asarray(whole[steps:] - whole[:-steps], dtype=float) / steps


def _find_reason(aligned: AlignedSeries, system: System, entity: Entity, since: float) -> Reason:
    before, after = aligned.times <= since, aligned.times > since
    calls = [traffic for call, traffic in system.calls.items() if call.callee == entity]
    rate = total([call.rate for call in calls], aligned.nothing)
    failed = total([call.rate * call.failed for call in calls], aligned.nothing)
    if _mean(rate, after) > MOST * _mean(rate, before):
        return Reason.DOWN if _mean(failed, after) > MOST * _mean(rate, after) else Reason.TELEMETRY
    heard = aligned.one("heard", service_name=entity.name)
    return Reason.TRAFFIC if (heard[after] > since + HEARD_LATER).any() else Reason.UNKNOWN


def _mean(values: Values, where: Mask) -> float:
    return float(np.nan_to_num(values[where]).mean())
