"""A card from a file, and what is not taken for one."""

import json
from pathlib import Path
from typing import Any

import pytest

from decisions.gate import card as cards
from decisions.gate.card import InvalidCard, read_card
from tests.unit.decisions.gate.cards import make_card


def test_a_card_comes_back_as_it_was_written(tmp_path: Path) -> None:
    card, file = make_card("v2", segments=["new", "old"] * 200), tmp_path / "card.json"
    file.write_text(card.model_dump_json())
    assert read_card(file) == card


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": ""}, "version"),
        ({"units": [1, 1]}, "a unit comes twice"),
        ({"units": [1]}, "has 2 values for 1 units"),
        ({"segments": ["a"]}, "segments has 1 values for 2 units"),
        ({"metrics": {"ndcg": {"values": [0.1, -0.2]}}}, "metrics.ndcg.values.1"),
        ({"metrics": {"ndcg": {"values": [0.1, None]}}}, "metrics.ndcg.values.1"),
        ({"metrics": {"ndcg": {"better": "more", "values": [0.1, 0.2]}}}, "metrics.ndcg.better"),
        ({"features": {"amount": {"type": "number", "there": 1.5}}}, "features.amount.there"),
        ({"data": {"rows": -1}}, "data.rows"),
        ({"colour": "red"}, "colour"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_card_is_refused_with_its_place(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    file = tmp_path / "card.json"
    good = {
        "version": "v2",
        "units": [1, 2],
        "segments": ["a", "b"],
        "metrics": {"ndcg": {"values": [0.1, 0.2]}},
    }
    file.write_text(json.dumps(good))
    assert read_card(file).version == "v2"
    file.write_text(json.dumps(good | change))
    with pytest.raises(InvalidCard) as refused:
        read_card(file)
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_a_file_that_is_not_there_or_endless_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidCard, match="No such file"):
        read_card(tmp_path / "card.json")
    monkeypatch.setattr(cards, "LARGEST_FILE", 1 << 20)
    (tmp_path / "card.json").write_bytes(b" " * ((1 << 20) + 1))
    with pytest.raises(InvalidCard, match="larger than 1 MiB"):
        read_card(tmp_path / "card.json")
