"""What the page on retraining says is what the configuration, the judge and the trainings take."""

import re

import pytest
import yaml

from bench.retraining.__main__ import BEGIN, END
from config import Config
from decisions.retraining.data import find_faults, read_report
from decisions.retraining.judgement import LEAST_OUTCOMES
from examples.models.__main__ import KNOWN
from examples.models.settings import CONFIGURATION
from services.demo.storage.history import KEPT
from stack import ROOT
from stack.models.retraining import EVERY

PAGE = (ROOT / "docs" / "retraining.md").read_text()


@pytest.mark.parametrize("block", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_what_the_page_declares_is_taken(block: str) -> None:
    assert Config.model_validate(yaml.safe_load(block)).retraining != Config().retraining


def test_the_report_on_the_page_is_read_and_sound() -> None:
    (block,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    report = read_report(" ".join(block.split()))
    assert find_faults(report.data, report.former) == []


def test_the_numbers_on_the_page_are_those_of_the_code() -> None:
    assert f"{LEAST_OUTCOMES:,} outcomes" in PAGE
    assert f"a ring of {KEPT}" in PAGE and f"the last {KEPT // 60} hours" in PAGE
    assert f"every {EVERY:g} s" in PAGE
    assert BEGIN in PAGE and END in PAGE


def test_the_examples_say_how_their_models_are_trained() -> None:
    declared = Config.model_validate(yaml.safe_load(CONFIGURATION.read_text())).retraining.models
    assert {(each.service, each.name) for each in declared} == {
        (example.name, example.model) for example in KNOWN.values()
    }
    for each in declared:
        assert each.train[1:] == ("-m", "examples.models", "retrain", each.service)
        assert each.release[1:] == ("-m", "examples.models", "release", each.service)
