"""The configuration files of the overlay's parts, which differ by mode in addresses and folders only."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from stack.scale import agents, cassandra, jaeger, kafka, thanos
from stack.scale import places as p
from stack.scale.places import Places

Files = dict[str, str]
"""Content by name."""
Target = dict[str, Any]

REPLACED = ("prometheus", "alertmanager")
"""Components of the single stack whose targets are not scraped: others stand for them."""


def build_files(places: Places, root: Path, rules: Path, data: Callable[[str], Path | str]) -> Files:
    """Of the brokers, the nodes, Jaeger, receivers and rulers.

    `root` has the single stack's configuration, `rules` its rules; `data` says where a part keeps its data.
    """
    return {
        **{f"{each}.properties": kafka.write_properties(places, each, data(each)) for each in p.KAFKA},
        **{f"{each}.yaml": cassandra.write_configuration(places, each, data(each)) for each in p.CASSANDRA},
        "jaeger.yaml": jaeger.write_jaeger(root / "jaeger" / "config.yaml", places),
        "hashring.json": thanos.write_hashring(places),
        **{f"rules/{file.name}": thanos.write_rules(file) for file in rules.glob("*.yaml")},
    }


def build_agents(places: Places, root: Path) -> Files:
    """Of the agents and the scraper."""
    single = root / "prometheus" / "prometheus.yml"
    return {
        f"{name}.yml": agents.write_agent(single, places, scrapes=name == "scraper")
        for name in ("agent", "scraper")
    }


def choose_targets(single: Iterable[Target], places: Places, query: str) -> list[Target]:
    """What the scraper scrapes: of the single stack's targets those that are there, and the overlay's parts.

    `query` is the address of Thanos Query.
    """
    kept = [each for each in single if each["labels"]["component"] not in REPLACED]
    scraped = {
        "collector": (p.CONSUMERS, p.COLLECTOR_METRICS),
        "prometheus": ((*p.AGENTS, "scraper"), p.AGENT_PORT),
        "alertmanager": (p.ALERTMANAGERS, p.ALERTMANAGER_PORT),
        "thanos": ((*p.RECEIVERS, *p.RULERS, "store", "compactor"), p.THANOS_HTTP),
        "proxy": (("proxy",), p.PROXY_METRICS),
    }
    targets = [
        _target(component, part, places.at(part, port))
        for component, (parts, port) in scraped.items()
        for part in parts
    ]
    return [*kept, *targets, _target("thanos", "query", query)]


def choose_inboxes(places: Places) -> list[Target]:
    """The inboxes, which the scraper asks with a token."""
    return [_target("incidents", part, places.at(part, p.INCIDENTS_PORT)) for part in p.INBOXES]


def _target(component: str, part: str, address: str) -> Target:
    """What is scraped, known by the part's name."""
    return {"targets": [address], "labels": {"component": component, "instance": part}}
