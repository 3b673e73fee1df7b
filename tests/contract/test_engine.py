"""The engine knows no system: nothing in it names what is of one only; what does is a pack."""

import re

import pytest

from stack import ROOT

DIAGNOSIS = ROOT / "diagnosis"
PACKS = DIAGNOSIS / "packs"
DEMO = ("recommender",)
EVERY = (*DEMO, "llm", "models")
CATALOGUE = PACKS / "catalogue.py"
"""The list that names the packs."""

OF_THE_RECOMMENDER = ("recommend", "hit.?rate", "storage.?deadline", "trainer", "fallback", "movielens")
OF_THE_STACK = ("minio", "toxiproxy", "alertmanager", "grafana", "[\"']incidents", "ingest")
OF_THE_SHOP = ("\\bshop", "gateway", "pricing", "fraud")
OF_LLMS = ("gen_?ai", "(?<!fu)llm", "provider", "prompt", "tokens\\b", "openai")
OF_MODELS = ("watched", "model_(?!config|copy|valid|dump)", "predict", "drift", "calibrat", "import models")

KNOWN_TO = {
    **dict.fromkeys((*OF_THE_RECOMMENDER, *OF_THE_STACK, *OF_THE_SHOP), DEMO),
    **dict.fromkeys((*OF_LLMS, *OF_MODELS), EVERY),
}
"""The packs that may have each of the names."""


def list_engine(packs: tuple[str, ...] = EVERY) -> list[str]:
    """The files of the diagnosis, without those of these packs."""
    outside = (CATALOGUE, *(PACKS / name for name in packs))
    files = (path for path in DIAGNOSIS.rglob("*.py") if not any(map(path.is_relative_to, outside)))
    return sorted(str(path.relative_to(DIAGNOSIS)) for path in files)


@pytest.mark.parametrize("name", KNOWN_TO)
def test_the_engine_names_no_service_and_nothing_of_one_system(name: str) -> None:
    found = [
        f"{path}:{number}: {line.strip()}"
        for path in list_engine(KNOWN_TO[name])
        for number, line in enumerate((DIAGNOSIS / path).read_text().splitlines(), 1)
        if re.search(name, line, re.IGNORECASE)
    ]
    assert found == []


def test_the_engine_is_where_it_is_looked_for() -> None:
    parts = {"engine.py", "collection.py", "onset/onset.py", "topology/blame.py", "verdict/verdict.py"}
    assert {*parts, "packs/pack.py"} <= set(list_engine())
    assert all((PACKS / name / "pack.py").exists() for name in EVERY)
    assert {path.parent.name for path in PACKS.glob("*/pack.py")} == set(EVERY)


@pytest.mark.parametrize("pack", EVERY)
def test_only_the_catalogue_knows_a_pack(pack: str) -> None:
    importing = re.compile(rf"^from diagnosis\.packs(\.{pack}| import .*\b{pack}\b)", re.MULTILINE)
    others = list_engine((pack,))
    assert [path for path in others if importing.search((DIAGNOSIS / path).read_text())] == []
    assert importing.search(CATALOGUE.read_text())
