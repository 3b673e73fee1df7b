"""Parts of the stack that are away: named where users notice nothing that has another cause."""

from collections.abc import Sequence

import numpy as np
import pytest

from diagnosis.engine import diagnose
from diagnosis.parts import NAME
from diagnosis.sources.evidence import Evidence, Labelled

STEP, END = 5.0, 300.0
TIMES = np.arange(0.0, END + STEP, STEP)


def part(component: str, instance: str, away_from: float = np.inf, heard_until: float = END) -> Labelled:
    samples = np.column_stack([TIMES, (TIMES < away_from).astype(float)])
    labels = {"component": component, "instance": instance}
    return Labelled(labels=labels, values=samples[heard_until >= TIMES])


def evidence(*parts: Labelled) -> Evidence:
    return Evidence(start=0.0, end=END, step=STEP, series={NAME: list(parts)})


def test_the_broker_that_does_not_answer_is_named() -> None:
    verdict = diagnose(evidence(part("kafka", "kafka-1"), part("kafka", "kafka-2", away_from=200)))
    assert (verdict.domain, verdict.cause) == ("telemetry", "part-down")
    assert verdict.entity and verdict.entity.name == "kafka-2"
    assert verdict.onset == pytest.approx(200, abs=STEP)
    assert verdict.summary == "kafka-2 does not answer."
    (statement,) = verdict.evidence
    assert (statement.before, statement.after) == (1, 0)
    assert "component, instance" in statement.query


def test_of_several_the_one_that_is_away_longest_is_the_cause() -> None:
    verdict = diagnose(
        evidence(part("cassandra", "cassandra-3", away_from=250), part("kafka", "kafka-2", away_from=200))
    )
    assert verdict.entity and verdict.entity.name == "kafka-2"
    assert verdict.summary == "kafka-2 and cassandra-3 do not answer."


def test_a_part_without_a_name_of_its_own_is_what_it_is_one_of() -> None:
    verdict = diagnose(evidence(part("jaeger", "127.0.0.1:8889", away_from=200)))
    assert verdict.entity and verdict.entity.name == "jaeger"


@pytest.mark.parametrize(
    "parts",
    [
        [part("kafka", "kafka-2")],
        [part("kafka", "kafka-2", away_from=200, heard_until=240)],
        [part("kafka", "kafka-2", away_from=0)],
    ],
    ids=["all answer", "nobody asks it any more", "it was away before"],
)
def test_nothing_is_said_of_parts_in_which_nothing_changed(parts: Sequence[Labelled]) -> None:
    assert diagnose(evidence(*parts)).cause != "part-down"


def test_the_trouble_of_a_service_is_not_blamed_on_them() -> None:
    found = evidence(part("kafka", "kafka-2", away_from=200))
    assert diagnose(found, services=["checkout"]).cause != "part-down"
