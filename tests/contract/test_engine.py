"""The engine on topology knows no system: nothing in it names what is of one only."""

import re

import pytest

from stack import ROOT

ENGINE = sorted((ROOT / "diagnosis" / "topology").rglob("*.py"))
OF_THE_RECOMMENDER = ("recommend", "hit.?rate", "storage.?deadline", "trainer", "fallback", "movielens")
OF_THE_STACK = ("minio", "toxiproxy", "alertmanager", "grafana", "[\"']incidents", "ingest")
OF_THE_SHOP = ("\\bshop", "gateway", "pricing", "fraud")


@pytest.mark.parametrize("name", (*OF_THE_RECOMMENDER, *OF_THE_STACK, *OF_THE_SHOP))
def test_the_engine_names_no_service_and_nothing_of_one_system(name: str) -> None:
    found = [
        f"{path.name}:{number}: {line.strip()}"
        for path in ENGINE
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(name, line, re.IGNORECASE)
    ]
    assert found == []


def test_the_engine_is_where_it_is_looked_for() -> None:
    assert {"engine.py", "causes.py", "blame.py", "outcomes.py"} <= {path.name for path in ENGINE}
