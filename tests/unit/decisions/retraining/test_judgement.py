from collections.abc import Sequence
from itertools import chain
from types import ModuleType
from typing import Any

import pytest

from config.retraining import Retraining
from decisions.retraining.grounds import OF_CAUSES
from decisions.retraining.judgement import DAY, Answer, Attempt, Measures, judge
from decisions.retraining.wording import describe, summarise
from diagnosis.packs.llm import causes as of_llms
from diagnosis.packs.models import causes as of_models
from diagnosis.packs.recommender.hypotheses.catalogue import HYPOTHESES
from diagnosis.topology import causes as of_services
from diagnosis.verdict.verdict import Verdict
from tests.unit.decisions.retraining.verdicts import CHOICES, STORAGE, of_hit_rate, of_measure

NOW = 100_000.0
DRIFTED = of_hit_rate("data", "concept-drift", CHOICES)
ENOUGH = Measures(outcomes=5_000)


def ask(
    verdict: Verdict = DRIFTED,
    measures: Measures = ENOUGH,
    history: Sequence[Attempt] = (),
    model: str = "recommendations",
) -> Answer:
    return judge(verdict, measures, history, Retraining(), NOW, model)


def test_r23_do_not_retrain_21_of_27_points_are_storage() -> None:
    answer = ask(of_hit_rate("infrastructure", "storage-latency", STORAGE, remedy="Check the disks."))
    assert not answer.retrain and answer.expected == 0
    assert summarise(answer) == (
        "do not retrain: 21.0 of the 27.0 points lost come from answers made without the user's features. "
        "The cause is the infrastructure, not the model."
    )
    assert "6.0 points lost by the same users" in describe(answer)
    assert describe(answer).endswith("What to do: Check the disks.")


def test_one_part_that_outweighs_what_others_gained_is_all_of_the_loss() -> None:
    gained = {"source": -33.4, "segment": 0.0, "version": 0.0, "rate": 0.9}
    answer = ask(of_hit_rate("infrastructure", "storage-latency", gained))
    assert summarise(answer).startswith("do not retrain: all of the 32.5 points lost come from answers")


def test_r23_changed_preferences_are_retrained_for_and_all_may_come_back() -> None:
    answer = ask()
    assert answer.retrain and answer.expected == pytest.approx(0.20)
    assert summarise(answer).startswith("retrain: 20.0 points of 20.0 points lost may come back.")


def test_nothing_is_trained_that_could_not_be_released() -> None:
    answer = ask(measures=Measures(outcomes=5_000, obstacle="v2 is being released: `make release` goes on"))
    assert answer.code == "under-way" and answer.later == NOW + 60
    assert answer.why == "No version can be released now: v2 is being released: `make release` goes on."


def test_broken_data_would_be_learned() -> None:
    answer = ask(of_hit_rate("data", "catalogue-corruption", CHOICES))
    assert answer.code == "broken-data" and "would learn the fault" in answer.why


def test_a_cause_that_is_not_known_yet_is_never_trained_for() -> None:
    for domain in ("data", "model", "release", "traffic", "telemetry", "unknown", "infrastructure"):
        assert not ask(of_hit_rate(domain, "something-new", CHOICES)).retrain


def test_an_unsure_verdict_is_not_trained_for() -> None:
    assert ask(of_hit_rate("data", "concept-drift", CHOICES, confidence=0.4)).code == "unsure"


def test_a_drift_that_took_little_of_the_loss_is_not_trained_for() -> None:
    factors = {"source": -20.0, "segment": 0.0, "version": 0.0, "rate": -3.0}
    answer = ask(of_hit_rate("data", "concept-drift", factors))
    assert answer.code == "too-little-to-gain" and "3.0 points of 23.0 points" in answer.why


def test_users_nobody_knows_cannot_be_learned() -> None:
    factors = {"source": 0.0, "segment": -20.0, "version": 0.0, "rate": 0.0}
    mix = [("unknown", -12.0), ("heavy", -8.0)]
    parts = [{"dimension": "segment", "label": n, "part": "mix", "points": p} for n, p in mix]
    answer = ask(of_hit_rate("data", "covariate-drift", factors, decomposition=parts))
    assert answer.retrain and answer.expected == pytest.approx(0.08)


def test_too_few_outcomes_are_waited_for() -> None:
    answer = ask(measures=Measures(outcomes=300))
    assert answer.code == "too-little-data" and answer.later == NOW + 60


def test_never_two_at_once_whatever_the_model() -> None:
    assert ask(history=[Attempt("fraud", NOW - 60)]).code == "under-way"


def test_a_model_cools_down_others_do_not_wait_for_it() -> None:
    past = [Attempt("recommendations", NOW - 4_000, NOW - 3_600)]
    answer = ask(history=past)
    assert answer.code == "cooling-down" and answer.later == NOW - 3_600 + 6 * 3_600
    assert "1.0 h ago; the cool-down is 6.0 h" in answer.why
    assert ask(history=past, model="fraud").retrain


def test_a_day_has_a_budget_of_all_models() -> None:
    past = [Attempt(name, NOW - DAY + 10, NOW - DAY + 20) for name in ("a", "b")]
    answer = ask(history=past)
    assert answer.code == "budget-spent" and answer.later == NOW + 10
    assert ask(history=[Attempt("a", NOW - DAY - 1, NOW - DAY), past[0]]).retrain


def test_the_cause_is_told_before_the_cool_down() -> None:
    slow = of_hit_rate("infrastructure", "storage-latency", STORAGE)
    assert ask(slow, history=[Attempt("recommendations", NOW - 60)]).code == "not-the-model"


def test_a_watched_model_gets_back_what_its_relation_lost() -> None:
    parts = [
        {"dimension": "segment", "label": name, "part": part, "points": points}
        for name, part, points in (("new", "mix", -2.0), ("old", "within", -10.0))
    ]
    answer = ask(of_measure("model", "concept-drift", "accuracy", 0.92, 0.80, decomposition=parts))
    assert answer.retrain and answer.expected == pytest.approx(0.10)


def test_an_error_that_grew_is_a_loss_too() -> None:
    answer = ask(of_measure("model", "concept-drift", "mean absolute error", 4.0, 7.0))
    assert answer.retrain and answer.expected == pytest.approx(3.0)
    assert "3 of 3 lost may come back" in summarise(answer)


def test_without_a_known_loss_it_waits() -> None:
    verdict = Verdict(domain="data", cause="concept-drift", confidence=0.9, summary="")
    assert ask(verdict).code == "quality-unknown"


def test_every_cause_of_model_and_data_has_its_ground() -> None:
    listed = [c for module in (of_services, of_llms) for c in _listed(module, of_services.Cause)]
    models = [*_listed(of_models, of_models.Cause), *of_models.OF_WAYS.values()]
    named = {(cause.domain, cause.name) for cause in (*listed, *models)}
    known = named | {(hypothesis.domain, hypothesis.cause) for hypothesis in HYPOTHESES}
    assert {pair for pair in known if pair[0] in ("data", "model")} == set(OF_CAUSES)


def _listed(module: ModuleType, kind: type) -> list[Any]:
    """Those that stand in the module by name, or in one of its lists."""
    named = list(vars(module).values())
    lists = [value for value in named if isinstance(value, tuple) and not isinstance(value, kind)]
    return [value for value in (*named, *chain(*lists)) if isinstance(value, kind)]
