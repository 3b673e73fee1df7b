"""The engine knows no system: nothing in it names what is of one only; what does is a pack."""

import re

import pytest

from stack import ROOT

DIAGNOSIS = ROOT / "diagnosis"
OF_ONE_SYSTEM = (DIAGNOSIS / "packs" / "recommender", DIAGNOSIS / "packs" / "catalogue.py")
"""The pack of the demo, and the list that names it."""

ENGINE = sorted(path for path in DIAGNOSIS.rglob("*.py") if not any(map(path.is_relative_to, OF_ONE_SYSTEM)))
OF_THE_RECOMMENDER = ("recommend", "hit.?rate", "storage.?deadline", "trainer", "fallback", "movielens")
OF_THE_STACK = ("minio", "toxiproxy", "alertmanager", "grafana", "[\"']incidents", "ingest")
OF_THE_SHOP = ("\\bshop", "gateway", "pricing", "fraud")


@pytest.mark.parametrize("name", (*OF_THE_RECOMMENDER, *OF_THE_STACK, *OF_THE_SHOP))
def test_the_engine_names_no_service_and_nothing_of_one_system(name: str) -> None:
    found = [
        f"{path.relative_to(DIAGNOSIS)}:{number}: {line.strip()}"
        for path in ENGINE
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(name, line, re.IGNORECASE)
    ]
    assert found == []


def test_the_engine_is_where_it_is_looked_for() -> None:
    names = {str(path.relative_to(DIAGNOSIS)) for path in ENGINE}
    assert {
        "engine.py",
        "collection.py",
        "onset/onset.py",
        "topology/blame.py",
        "verdict/verdict.py",
    } <= names
    assert all(path.exists() for path in OF_ONE_SYSTEM)
