"""What the page on releases says is so."""

import re

import pytest
from pydantic import ValidationError

from bench.releases.__main__ import BEGIN, END, SCENES
from config.releases import Release
from decisions.audit import Action
from decisions.releases.controller import RECORDED
from decisions.releases.machine import AWAY, Verb
from decisions.releases.troubles import WEIGHTS
from stack import ROOT
from telemetry.instruments import SERVICES

PAGE = (ROOT / "docs" / "releases.md").read_text()


def test_the_page_has_every_key_with_its_default() -> None:
    rows = PAGE.split("## Configure it")[1].split("## How it was tested")[0]
    named = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (.*?) \|", rows, re.M))))
    assert named == Release.model_fields.keys()
    declared = Release()
    for step in declared.steps:
        assert f"{step.share:.0%}" in rows
    for share in (declared.confidence, declared.errors, declared.slow):
        assert f"{share:.0%}" in rows


def test_the_page_names_every_domain_and_has_the_tables_of_the_benchmark() -> None:
    assert all(domain in PAGE for domain in WEIGHTS)
    written = PAGE.split(BEGIN)[1].split(END)[0]
    assert all(f"| {what} |" in written for what in SCENES)


def test_every_decision_that_changes_something_is_recorded() -> None:
    assert set(Verb) - RECORDED.keys() == {Verb.WAIT, Verb.WATCH, Verb.PUBLISH}
    assert set(RECORDED.values()) <= set(Action.__args__)  # type: ignore[attr-defined]


def test_the_lease_outlasts_an_absence_that_is_taken_for_none_and_the_look_after_it() -> None:
    look = 30
    with pytest.raises(ValidationError, match="too short"):
        Release.model_validate({"lease": f"{AWAY + look - 1:g}s"})
    assert Release.model_validate({"lease": f"{AWAY + look:g}s"})


def test_incidents_of_the_recommender_and_of_the_stack_concern_a_release() -> None:
    assert "recommender" in SERVICES
