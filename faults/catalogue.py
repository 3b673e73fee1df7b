"""All faults by name, each loaded when it is asked for: some bring a trainer or an S3 client with them."""

from collections.abc import Iterator, Mapping
from importlib import import_module

from faults import Fault

MODULES = {
    "storage-latency": "storage.latency",
    "storage-jitter": "storage.jitter",
    "storage-errors": "storage.errors",
    "storage-outage": "storage.outage",
    "storage-bandwidth": "storage.bandwidth",
    "connection-pool-exhaustion": "storage.connection_pool_exhaustion",
    "cpu-starvation": "platform.cpu_starvation",
    "traffic-surge": "users.traffic_surge",
    "collector-outage": "platform.collector_outage",
    "bad-model": "models.bad",
    "covariate-drift": "users.covariate_drift",
    "concept-drift": "users.concept_drift",
    "missing-features": "features.missing",
    "stale-features": "features.stale",
    "biased-segment": "models.biased_segment",
    "catalogue-corruption": "models.catalogue_corruption",
}


class Catalogue(Mapping[str, Fault]):
    """Each fault is `FAULT` of its module."""

    def __getitem__(self, name: str) -> Fault:
        fault: Fault = import_module(f"faults.{MODULES[name]}").FAULT
        return fault

    def __iter__(self) -> Iterator[str]:
        return iter(MODULES)

    def __len__(self) -> int:
        return len(MODULES)


FAULTS = Catalogue()
