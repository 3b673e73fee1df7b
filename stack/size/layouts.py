"""The two layouts: all on one machine, or on engines that grow. What each part needs, and what that costs."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from stack.size import assumptions as a
from stack.size.assumptions import GB, GIB
from stack.size.model import Demand, SizeModel, System
from stack.size.prices import MONTH, Machine, Prices

OTHERS_CORES, OTHERS_MEMORY, OTHERS_DISK = 0.2, 1.0 * GIB, 5 * GB
"""Of one machine, beside the pipeline: incidents, Alertmanager, Grafana, the system."""

HIGHEST = 1e7
"""Requests per second up to which an end is looked for."""


class Part(NamedTuple):
    """So many instances of a component, and what all of them need: cores, bytes of memory and of disk."""

    name: str
    instances: int
    cores: float
    memory: float
    disk: float = 0.0


class Layout(NamedTuple):
    """What it is made of: `machines` of a kind; without one it does not fit.

    `objects` are bytes in object storage, `network` bytes/s between machines, `money` is that of a month.
    """

    name: str
    parts: Sequence[Part]
    machine: Machine | None
    machines: int
    objects: float
    network: float
    money: float

    @property
    def cores(self) -> float:
        return sum(part.cores for part in self.parts)

    @property
    def memory(self) -> float:
        return sum(part.memory for part in self.parts)

    @property
    def disk(self) -> float:
        return sum(part.disk for part in self.parts)


class End(NamedTuple):
    """What of one machine is used up first to last, at how many requests per second."""

    name: str
    rate: float


def lay_out(model: SizeModel, system: System, prices: Prices) -> tuple[Layout, Layout]:
    """A system's telemetry on one machine, and distributed."""
    demand = model.demand(system)
    return _one_machine(demand, system, prices), _distributed(demand, system, prices)


def find_ends(model: SizeModel, system: System, prices: Prices) -> list[End]:
    """Where one machine ends for the services of a system: the rate from which on a limit is passed."""

    def pass_limits(rate: float) -> dict[str, bool]:
        demand = model.demand(system._replace(rate=rate))
        return _pass_limits(demand, _one_machine_parts(demand, system), prices)

    def find(name: str) -> End:
        return End(name, _bisect(lambda rate: pass_limits(rate)[name]))

    return sorted(map(find, pass_limits(0.0)), key=lambda end: end.rate)


def _bisect(is_passed: Callable[[float], bool]) -> float:
    low, high = 0.0, HIGHEST
    if not is_passed(high):
        return math.inf
    while high - low > max(1.0, 0.005 * high):
        middle = (low + high) / 2
        low, high = (low, middle) if is_passed(middle) else (middle, high)
    return high


def _pass_limits(demand: Demand, parts: Sequence[Part], prices: Prices) -> dict[str, bool]:
    largest = prices.machines[-1]
    cores, memory, disk = (sum(each) for each in zip(*(part[2:] for part in parts), strict=True))
    return {
        f"cores of the largest machine ({largest.cores:g})": cores > a.UTILISATION.value * largest.cores,
        f"memory of the largest machine ({largest.memory:g} GiB)": memory > largest.memory * GIB,
        f"its disk ({prices.largest_disk:,.0f} GB)": disk > prices.largest_disk * GB,
        f"ingest: {a.INGEST_CORES.value:g} of a core": demand.cores["ingest"] > a.INGEST_CORES.value,
        f"Jaeger on Badger: {a.JAEGER_SPANS.value:,.0f} spans/s": demand.spans > a.JAEGER_SPANS.value,
        f"Prometheus: {a.PROMETHEUS_SERIES.value:,.0f} series": demand.series > a.PROMETHEUS_SERIES.value,
    }


def _one_machine_parts(demand: Demand, system: System) -> list[Part]:
    disks = {
        "jaeger": demand.trace_disk * system.trace_days / a.DISK.value,
        "prometheus": demand.metric_disk * system.metric_days / a.DISK.value,
    }
    parts = [
        Part(name, 1, cores, a.MEMORY.value * demand.memory[name], disks.get(name, 0.0))
        for name, cores in demand.cores.items()
    ]
    return [*parts, Part("everything else", 1, OTHERS_CORES, OTHERS_MEMORY, OTHERS_DISK)]


def _one_machine(demand: Demand, system: System, prices: Prices) -> Layout:
    parts = _one_machine_parts(demand, system)
    fits = not any(_pass_limits(demand, parts, prices).values())
    cores, memory = sum(part.cores for part in parts), sum(part.memory for part in parts)
    machine = next(
        (
            each
            for each in prices.machines
            if fits and cores <= a.UTILISATION.value * each.cores and memory <= each.memory * GIB
        ),
        None,
    )
    disk = sum(part.disk for part in parts)
    money = machine.hour * MONTH + disk / GB * prices.disk if machine else math.nan
    return Layout("one machine", parts, machine, 1 if machine else 0, 0.0, 0.0, money)


def _distributed(demand: Demand, system: System, prices: Prices) -> Layout:
    parts = [*_on_the_way(demand), *_traces(demand, system), *_metrics(demand), *_fixed()]
    node = prices.of_node
    cores, memory = (sum(each) for each in zip(*(part[2:4] for part in parts), strict=True))
    machines = max(
        math.ceil(a.COPIES.value),
        math.ceil(cores / (a.UTILISATION.value * node.cores)),
        math.ceil(memory / (node.memory * GIB)),
    )
    objects = demand.metric_disk * system.metric_days
    disk = sum(part.disk for part in parts)
    network = _between_machines(demand)
    money = (
        machines * node.hour * MONTH
        + disk / GB * prices.disk
        + objects / GB * prices.objects
        + network * MONTH * 3600 / GB * prices.network
    )
    return Layout("distributed", parts, node, machines, objects, network, money)


def _on_the_way(demand: Demand) -> Iterator[Part]:
    """From the services to the stores."""
    collector, memory = demand.cores["collector"], a.MEMORY.value * demand.memory["collector"]
    yield _spread("edge collectors", a.EDGE.value * collector, memory, each=2.0)
    arriving = demand.trace_bytes + demand.metric_bytes
    brokers = max(math.ceil(a.COPIES.value), math.ceil(a.COPIES.value * arriving / a.KAFKA_BYTES.value))
    kept = a.COPIES.value * arriving * a.KAFKA_HOURS.value * 3600 / a.DISK.value
    yield Part("Kafka", brokers, 1.0 * brokers, 4 * GIB * brokers, kept)
    yield _spread("ingest collectors", collector, memory, each=2.0)
    yield _spread("ingest", demand.cores["ingest"], a.MEMORY.value * demand.memory["ingest"], each=1.0)


def _traces(demand: Demand, system: System) -> Iterator[Part]:
    jaeger = a.JAEGER_SHARE.value * a.TAIL.value * demand.cores["jaeger"]
    memory = a.MEMORY.value * a.TAIL.value * demand.memory["jaeger"]
    yield _spread("Jaeger", jaeger, memory, each=2.0)
    kept = a.TAIL.value * demand.trace_disk * system.trace_days
    disk = kept * a.COPIES.value * a.CASSANDRA_DISK.value
    cores = a.TAIL.value * demand.spans * a.COPIES.value / a.CASSANDRA_SPANS.value
    nodes = max(
        math.ceil(a.COPIES.value),
        math.ceil(disk / a.CASSANDRA_NODE.value),
        math.ceil(cores / (4 * a.UTILISATION.value)),
    )
    yield Part("Cassandra", nodes, max(cores, 0.5 * nodes), 8 * GIB * nodes, disk)


def _metrics(demand: Demand) -> Iterator[Part]:
    cores, memory = demand.cores["prometheus"], a.MEMORY.value * demand.memory["prometheus"]
    copies = a.COPIES.value
    receivers = max(math.ceil(copies), math.ceil(copies * demand.series / a.PROMETHEUS_SERIES.value))
    hours = demand.metric_disk / 24 * 4 * copies
    yield Part("Thanos Receive", receivers, copies * (1 - a.RULES.value) * cores, copies * memory, hours)
    yield Part("Thanos Ruler", 2, 2 * a.RULES.value * cores, 2 * 1 * GIB, 2 * GB)
    yield Part("Thanos Query", 2, 2.0, 4 * GIB)
    yield Part("Thanos Store", 2, 2.0, 4 * GIB, 20 * GB)
    yield Part("Thanos Compactor", 1, 1.0, 4 * GIB, 4 * 14 * demand.metric_disk)


def _fixed() -> Iterator[Part]:
    """What does not grow with the load, or hardly."""
    yield Part("Alertmanager", 3, 0.3, 0.3 * GIB, 3 * GB)
    yield Part("incidents", 2, 1.0, 1 * GIB)
    yield Part("PostgreSQL", 2, 1.0, 4 * GIB, 40 * GB)


def _spread(name: str, cores: float, memory: float, each: float) -> Part:
    """At least two instances, of at most `each` cores, with at least 128 MiB."""
    instances = max(2, math.ceil(cores / (each * a.UTILISATION.value)))
    return Part(name, instances, max(cores, 0.1 * instances), max(memory, 0.125 * GIB * instances))


def _between_machines(demand: Demand) -> float:
    """Bytes/s: into Kafka with its copies and out of it, then to the stores with theirs."""
    arriving = demand.trace_bytes + demand.metric_bytes
    stored = a.TAIL.value * demand.trace_bytes + demand.metric_bytes
    return arriving * (a.COPIES.value + 1) + stored * a.COPIES.value
