"""The diagnosis sees what an operator sees: neither the injector nor a series that only that one moves."""

import re
from pathlib import Path

import grimp
import pytest

from diagnosis.packs.recommender.queries import QUERIES, SHOWN
from prometheus.names import REGISTRY
from tests.contract.test_queries import series_named

ROOT = Path(__file__).parents[3]
OURS = ("config", "telemetry", "services", "prometheus", "diagnosis", "alerts", "faults", "stack", "bench")
INJECTORS = ("faults", "stack", "bench", "services.demo.traffic")
TELLTALE = re.compile(
    r"toxi|toxic|fault|traffic|inject|lease|behaviour|incident_(open|started)|flag_file", re.IGNORECASE
)

GRAPH = grimp.build_graph(*OURS)


@pytest.mark.parametrize("injector", INJECTORS)
@pytest.mark.parametrize("judge", ["diagnosis", "services.incidents"])
def test_who_judges_cannot_reach_who_injects(judge: str, injector: str) -> None:
    chains = GRAPH.find_shortest_chains(judge, injector, as_packages=True)
    assert not chains, f"{judge} reaches {injector}: {chains}"


def test_no_query_names_what_only_the_injector_moves() -> None:
    assert {name: query for name, query in ASKED.items() if TELLTALE.search(query)} == {}


ASKED = {**QUERIES, **{f"shown {name}": query for name, query in SHOWN.items()}}


@pytest.mark.parametrize("name", ASKED)
def test_every_queried_series_exists(name: str) -> None:
    assert series_named(ASKED[name]) and series_named(ASKED[name]) <= set(REGISTRY)


def test_nothing_that_judges_names_an_injector_in_its_text() -> None:
    telltale = re.compile(
        r"toxiproxy|8474|behaviour\.json|flags\.json|FLAGS_FILE|TRAFFIC_BEHAVIOUR", re.IGNORECASE
    )
    for folder in ("diagnosis", "services/incidents"):
        for file in (ROOT / folder).rglob("*.py"):
            assert not telltale.search(file.read_text()), file
