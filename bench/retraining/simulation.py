"""What comes of a yes: simulated users drift, a version learns from what they clicked, and serves them."""

import logging
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import structlog

from bench.incidents.intervals import Share
from bench.incidents.tables import Table
from bench.retraining.users import K, Stack, hit_rate
from config import Config
from decisions.retraining.judgement import LEAST_OUTCOMES
from faults.users import concept_drift, covariate_drift
from services.demo.storage.client import read_object
from services.demo.storage.history import Seen
from services.demo.traffic.behaviour import Mix
from services.demo.trainer.retraining import retrain
from stack.models.gate import judge_stored

SEEDS = (11, 12, 13, 14, 15)
VISITS = 6_000
"""Five minutes of the demo's traffic, by which a hit rate is told to 1.2 points."""

FEEDBACK = (LEAST_OUTCOMES, 12_000)
"""Answers that a version learns from: as soon as it may, and after ten minutes."""


class Drift(NamedTuple):
    """What users do otherwise from some moment on."""

    name: str
    shift: float = 0.0
    mix: Mix | None = None


class Came(NamedTuple):
    """Hit rates (0–1) before a drift, in it, and after one and two retrainings; of known users apart."""

    drift: str
    answers: int
    usual: float
    drifted: float
    after: float
    again: float
    usual_known: float
    after_known: float
    passed: bool


def list_drifts() -> list[Drift]:
    """The two drifts that the fault injection knows, as it makes them."""
    shifts = [(name, concept_drift.SHARES[name]) for name in ("medium", "high")]
    mixes = [(name, Mix(**covariate_drift.MIXES[name])) for name in ("medium", "high")]
    return [
        *(Drift(f"concept-drift, {name}", shift=share) for name, share in shifts),
        *(Drift(f"covariate-drift, {name}", mix=mix) for name, mix in mixes),
    ]


def simulate(
    drifts: Sequence[Drift] = (), feedback: Sequence[int] = FEEDBACK, seeds: Sequence[int] = SEEDS
) -> list[Came]:
    """Each drift, by default all, with each amount of feedback, once for each seed of the users."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder) / "generated")
        return [
            _simulate(stack, drift, answers, seed)
            for drift in drifts or list_drifts()
            for answers in feedback
            for seed in seeds
        ]


def _simulate(stack: Stack, drift: Drift, answers: int, seed: int) -> Came:
    usual = stack.visit(VISITS, seed=seed)
    since = stack.now
    drifted = stack.visit(answers, seed=seed + 100, shift=drift.shift, mix=drift.mix)
    version, passed = _learn(stack, since, drifted)
    after = stack.visit(VISITS, version, seed=seed + 200, shift=drift.shift, mix=drift.mix)
    second, _ = _learn(stack, since, [*drifted, *after])
    again = stack.visit(VISITS, second, seed=seed + 300, shift=drift.shift, mix=drift.mix)

    def of_known(seen: Sequence[Seen]) -> float:
        return hit_rate([each for each in seen if each.user_id in stack.users])

    return Came(
        drift=drift.name,
        answers=answers,
        usual=hit_rate(usual),
        drifted=hit_rate(drifted),
        after=hit_rate(after),
        again=hit_rate(again),
        usual_known=of_known(usual),
        after_known=of_known(after),
        passed=passed,
    )


def _learn(stack: Stack, since: float, feedback: Sequence[Seen]) -> tuple[str, bool]:
    """A version that learned, and whether it passes the gate."""
    stack.forget()
    stack.keep(feedback)
    version = retrain(stack.folder, stack.publication, since, stack.now, K).version
    report = judge_stored(Config(), lambda key: read_object(stack.store, "whence", key), version)
    return version, report.passed


def show(came: Sequence[Came]) -> Table:
    """Means over the seeds, by drift and feedback."""
    keys = dict.fromkeys((each.drift, each.answers) for each in came)
    rows = [_row([each for each in came if (each.drift, each.answers) == key]) for key in keys]
    columns = (
        *("drift", "learned from", "before", "in it", "retrained", "of before"),
        *("known users: of before", "retrained twice", "of before", "passed the gate"),
    )
    return Table("What a retraining brings: hit rates of simulated users", columns, rows)


def _row(runs: Sequence[Came]) -> list[str]:
    def mean(name: str) -> float:
        return statistics.mean(float(getattr(run, name)) for run in runs)

    usual, after, again = mean("usual"), mean("after"), mean("again")
    return [
        runs[0].drift,
        f"{runs[0].answers:,} answers",
        f"{usual:.1%}",
        f"{mean('drifted'):.1%}",
        f"{after:.1%}",
        f"{after / usual:.0%}",
        f"{mean('after_known') / mean('usual_known'):.0%}",
        f"{again:.1%}",
        f"{again / usual:.0%}",
        str(Share(sum(run.passed for run in runs), len(runs))),
    ]
