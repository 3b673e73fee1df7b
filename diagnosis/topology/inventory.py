"""Which processes of services there are, and in which version."""

import math
from typing import NamedTuple

from diagnosis.sources.live import label_series
from prometheus import queries as q
from prometheus.client import AsyncClient, query_batch
from prometheus.names import TARGET_INFO
from prometheus.services import requests

_INSTANCE = ("service_name", "instance")
_VERSION = (*_INSTANCE, "service_version")


class Instance(NamedTuple):
    """A process of a service by its `service.instance.id`, and its `service.version`; empty if not told."""

    service: str
    name: str
    version: str


def ask_instances(seconds: float) -> str:
    """PromQL with 1 for each process of which anything arrived in that time."""
    window = f"{math.ceil(seconds)}s"
    told = q.present(TARGET_INFO, requests.NAMED, by=_VERSION, window=window)
    seen = requests.present(by=_VERSION, window=window)
    return f"{told} or on ({', '.join(_INSTANCE)}) {seen}"


async def collect_instances(prometheus: AsyncClient, start: float, end: float) -> list[Instance]:
    """Those of which anything arrived between two Unix times, sorted. Raises SourceAway."""
    answers = await prometheus.ask(query_batch({"instances": ask_instances(end - start)}, end))
    told = [each.labels for each in label_series(answers).get("instances", [])]
    return sorted({Instance(*(labels.get(name, "") for name in _VERSION)) for labels in told})
