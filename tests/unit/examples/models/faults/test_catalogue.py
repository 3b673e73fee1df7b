"""Every fault does what it says to a model that was trained, and controls do no harm."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from examples.checkout.payments import CHECKOUT
from examples.deliveries.parcels import DELIVERIES
from examples.models.cases import happen
from examples.models.faults.catalogue import SEVERITIES, Fault, Severity, read_faults
from examples.models.faults.change import Change
from examples.models.training import LIVE, RECIPES, Trained

KNOWN = {example.name: example for example in (CHECKOUT, DELIVERIES)}
FAULTS = [fault for fault in read_faults().values() if not fault.control]
CONTROLS = [fault for fault in read_faults().values() if fault.control]
QUIET = {"late-labels"}
"""Faults of which the model's answers are as good as before."""
NOT_SENT: Mapping[str, Any] = {"disputes": 0}
"""What the checkout takes a feature for that is not sent."""


def lose(fault: Fault | None, severity: Severity, trained: Path, example: str, segment: str = "") -> float:
    """The mean loss of the version that answers, of 3,000 cases."""
    of, random = KNOWN[example], Random(11)
    change = fault.make_change(severity) if fault else Change()
    cases = [happen(of, change, random) for _ in range(3000)]
    cases = [case for case in cases if segment in ("", case.segment)]
    place = trained / example / (change.version or LIVE)
    version: Trained = pickle.loads((place / "model.pickle").read_bytes())
    columns = {name: [case.sent.get(name, NOT_SENT.get(name)) for case in cases] for name in version.inputs}
    told = version.predict_many(columns)
    return float(np.mean([of.loss(said, case.outcome) for said, case in zip(told, cases, strict=True)]))


def test_eight_faults_and_six_controls_of_each_example() -> None:
    assert (len(FAULTS), len(CONTROLS)) == (16, 12)
    assert {fault.name for fault in FAULTS}.isdisjoint(fault.name for fault in CONTROLS)


@pytest.mark.parametrize("fault", [*FAULTS, *CONTROLS], ids=lambda fault: fault.name)
def test_a_truth_names_what_the_example_has(fault: Fault) -> None:
    features = KNOWN[fault.example].draw(Random(1))
    for severity in SEVERITIES:
        truth, change = fault.truth(severity), fault.make_change(severity)
        assert (truth.domain == "none") is fault.control
        assert change.version in ("", *RECIPES)
        named = {*change.grow, *change.become, *change.weigh, *change.multiply, *change.omit}
        assert named <= set(features)
        assert truth.feature in ("", *features, KNOWN[fault.example].leak)
        assert truth.segment == change.segment


@pytest.mark.parametrize(
    "fault", [fault for fault in FAULTS if fault.kind not in QUIET], ids=lambda fault: fault.name
)
def test_a_fault_costs_quality_and_more_of_it_more(fault: Fault, trained: Path) -> None:
    usual = lose(None, "low", trained, fault.example, fault.segment)
    low, high = (lose(fault, severity, trained, fault.example, fault.segment) for severity in SEVERITIES)
    assert low > 1.01 * usual
    assert high > 1.01 * low


@pytest.mark.parametrize("fault", CONTROLS, ids=lambda fault: fault.name)
@pytest.mark.parametrize("severity", SEVERITIES)
def test_a_control_costs_none(fault: Fault, severity: Severity, trained: Path) -> None:
    usual = lose(None, "low", trained, fault.example)
    assert lose(fault, severity, trained, fault.example) < 1.05 * usual
