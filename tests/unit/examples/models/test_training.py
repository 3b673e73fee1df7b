"""Versions are trained from a CSV file, and their references are those of the package."""

from pathlib import Path
from random import Random
from time import time

import pytest
from whence_monitor import INPUTS, PREDICTION, TRUTH, Reference, read_table
from whence_monitor.bins import MISSING

from config.gate import GateLimits
from decisions.gate.card import read_card
from decisions.gate.judgement import judge
from diagnosis.packs.models.inputs import SEVERAL
from examples.checkout.payments import CHECKOUT
from examples.deliveries.parcels import DELIVERIES
from examples.models.example import Example
from examples.models.training import LIVE, RECIPES, ROWS

BOTH = pytest.mark.parametrize("example", [CHECKOUT, DELIVERIES], ids=lambda example: example.name)


@BOTH
def test_a_version_has_its_cases_and_a_reference_of_what_it_watches(example: Example, trained: Path) -> None:
    for version, recipe in RECIPES.items():
        place = trained / example.name / version
        columns = read_table(place / "cases.csv")
        assert len(columns[example.truth]) == ROWS
        reference = Reference.load(place / "reference.json")
        leaks = {example.leak} if recipe.leaked is not None else set()
        features = set(example.draw(Random(0))) - {example.segment}
        assert set(reference.features) == {*features, INPUTS, PREDICTION, TRUTH, *leaks}
        assert reference.rows == ROWS // 2
        assert set(reference.segments) == set(example.codes[example.segment])


@BOTH
def test_what_leaked_is_seen_to_be_another_than_what_is_served(example: Example, trained: Path) -> None:
    """The checkout serves 0 of it, the deliveries nothing."""
    for version in (version for version, recipe in RECIPES.items() if recipe.leaked is not None):
        reference = Reference.load(trained / example.name / version / "reference.json")
        counts = reference.features[example.leak].counts
        assert max(counts.values()) <= SEVERAL * reference.rows
        assert not counts.get(MISSING)


@BOTH
def test_the_model_does_not_use_what_it_does_not_know_or_need(example: Example) -> None:
    assert example.leak not in example.inputs
    assert example.unused not in example.inputs
    assert LIVE in RECIPES


@BOTH
def test_r22_the_gate_passes_an_equal_version_and_refuses_bad_ones(example: Example, trained: Path) -> None:
    cards = {version: read_card(trained / example.name / version / "card.json") for version in RECIPES}
    reports = {version: judge(card, cards[LIVE], GateLimits(), time()) for version, card in cards.items()}
    assert {version for version, report in reports.items() if report.passed} == {LIVE, "1.0.1"}
    for version, report in reports.items():
        failed = {check.key for check in report.failures}
        assert ("features_there" in failed) == (RECIPES[version].leaked is not None)
        assert ("quality_kept" in failed) == (not report.passed)
    assert {(card.service, card.model) for card in cards.values()} == {(example.name, example.model)}
    assert set(cards[LIVE].segments) == set(example.codes[example.segment])
