"""All faults by name, each loaded when it is asked for: some bring a trainer or an S3 client with them."""

from collections.abc import Iterator, Mapping
from importlib import import_module

from faults import Fault

NAMES = (
    "storage-latency",
    "storage-jitter",
    "storage-errors",
    "storage-outage",
    "storage-bandwidth",
    "connection-pool-exhaustion",
    "cpu-starvation",
    "traffic-surge",
    "collector-outage",
    "bad-model",
    "covariate-drift",
    "concept-drift",
    "missing-features",
    "stale-features",
    "biased-segment",
    "catalogue-corruption",
)


class Catalogue(Mapping[str, Fault]):
    """The fault `a-b` is `FAULT` of the module `faults.a_b`."""

    def __getitem__(self, name: str) -> Fault:
        if name not in NAMES:
            raise KeyError(name)
        fault: Fault = import_module(f"faults.{name.replace('-', '_')}").FAULT
        return fault

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


FAULTS = Catalogue()
