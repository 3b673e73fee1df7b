"""What users asked for about versions, row by row, and the tests named after each row that show it."""

import ast
from functools import cache
from typing import NamedTuple

import pytest

from stack import ROOT


class Shown(NamedTuple):
    """A part of what a row asks for, and the test that shows it: `test_<row>_<name>` in a file."""

    part: str
    file: str
    name: str


RECOMMENDER, INBOX = "unit/services/demo/recommender", "unit/services/incidents/web"
ROWS = {
    "r13": [
        Shown(
            "version and data set on the resource",
            f"{RECOMMENDER}/test_versions.py",
            "a_switch_changes_version_and_data_set_of_answers_info_and_resource",
        ),
        Shown(
            "version, data set and flag on a request",
            f"{RECOMMENDER}/test_telemetry.py",
            "the_pipeline_span_tells_version_data_set_and_flag_and_nothing_personal",
        ),
        Shown("resource, live", "e2e/stack/test_signals.py", "the_resource_says_which_model_and_data_set"),
        Shown(
            "request, live",
            "e2e/models/test_rollout.py",
            "a_rollout_is_told_by_version_in_metrics_and_traces_and_costs_nobody_their_features",
        ),
    ],
    "r14": [
        Shown(
            "dashboard variables",
            "unit/grafana/test_dashboards.py",
            "versions_and_data_sets_are_chosen_and_compared_side_by_side",
        ),
        Shown(
            "side by side, with cost",
            f"{INBOX}/test_comparison.py",
            "versions_stand_side_by_side_with_all_that_is_known_of_them",
        ),
        Shown(
            "cost of a request",
            "rules/test_costs.py",
            "scoring_is_a_versions_own_cost_and_the_rest_is_shared",
        ),
        Shown(
            "difference with its interval",
            f"{INBOX}/test_comparison.py",
            "each_difference_has_an_interval_and_what_can_be_said_of_it",
        ),
        Shown("live", "e2e/models/test_shadow.py", "versions_stand_side_by_side_with_what_they_cost"),
    ],
    "r15": [
        Shown(
            "two answers to a request",
            f"{RECOMMENDER}/shadow/test_shadow.py",
            "both_versions_answer_the_same_request_and_its_trace_has_both",
        ),
        Shown(
            "which requests differ",
            f"{INBOX}/test_comparison.py",
            "requests_that_differ_are_shown_with_both_answers_and_their_trace",
        ),
        Shown(
            "thumbs by version",
            f"{RECOMMENDER}/test_exposures.py",
            "clicks_thumbs_and_labels_are_counted_for_the_version_and_group_of_their_user",
        ),
        Shown(
            "two answers, live",
            "e2e/models/test_shadow.py",
            "a_version_answers_in_the_shadow_and_no_user_gets_it",
        ),
        Shown("thumbs, live", "e2e/stack/test_signals.py", "thumbs_arrive_with_the_version_that_served_them"),
    ],
    "r22": [
        Shown(
            "quality gate", "unit/stack/models/test_gate.py", "the_bad_model_is_refused_for_its_quality_alone"
        ),
        Shown(
            "nothing goes around it",
            "unit/stack/models/test_releases.py",
            "what_the_gate_refuses_is_not_released",
        ),
        Shown(
            "canary by flag",
            "unit/stack/models/test_releases.py",
            "a_good_version_becomes_live_and_every_decision_is_in_the_audit_trail",
        ),
        Shown("blue-green", "unit/stack/models/test_releases.py", "blue_green_switches_all_users_at_once"),
        Shown(
            "rollback on quality",
            "unit/stack/models/test_releases.py",
            "a_worse_version_is_rolled_back_within_two_looks",
        ),
        Shown(
            "rollback on latency",
            "unit/decisions/releases/test_machine.py",
            "fewer_answers_or_later_or_less_personal_ones_roll_back",
        ),
        Shown(
            "pause for infrastructure",
            "unit/stack/models/test_releases.py",
            "trouble_of_infrastructure_pauses_and_its_end_resumes",
        ),
        Shown(
            "live",
            "e2e/models/test_releases.py",
            "a_release_passes_the_gate_reaches_users_and_is_rolled_back_at_once",
        ),
    ],
    "r23": [
        Shown(
            "drift leads to retraining",
            "unit/stack/models/test_retraining.py",
            "an_alert_leads_to_a_retraining_by_itself_once",
        ),
        Shown(
            "other trouble does not",
            "unit/decisions/retraining/test_recordings.py",
            "only_drift_of_users_leads_to_retraining",
        ),
        Shown(
            "from a data set to requests",
            f"{INBOX}/test_lineage.py",
            "a_data_set_leads_to_its_versions_when_each_served_and_how_often",
        ),
        Shown(
            "audit trail",
            "unit/decisions/audit/test_trail.py",
            "every_change_tells_who_what_when_why_before_after_and_by_which_evidence",
        ),
        Shown(
            "retrain or not, live",
            "e2e/models/test_retraining.py",
            "slow_storage_is_no_reason_to_retrain_and_the_refusal_is_kept",
        ),
        Shown("lineage, live", "e2e/models/test_lineage.py", "a_request_leads_to_its_data_set_and_back"),
        Shown(
            "audit trail, live", "e2e/models/test_lineage.py", "a_roll_out_and_its_end_are_in_the_audit_trail"
        ),
    ],
    "r24": [
        Shown(
            "versions with their cards",
            f"{INBOX}/test_catalogue.py",
            "every_model_is_found_with_its_versions_cards_and_online_measures",
        ),
        Shown(
            "experiments",
            f"{INBOX}/test_catalogue.py",
            "experiments_stand_with_their_outcome_and_changes_with_their_author",
        ),
        Shown("live", "e2e/models/test_lineage.py", "the_recommender_is_in_the_catalogue_with_its_card"),
    ],
}
SHOWN = [(row, shown) for row, parts in ROWS.items() for shown in parts]


@pytest.mark.parametrize(("row", "shown"), SHOWN, ids=[f"{row}: {shown.part}" for row, shown in SHOWN])
def test_each_part_of_a_row_is_shown_by_a_test_named_after_the_row(row: str, shown: Shown) -> None:
    assert f"test_{row}_{shown.name}" in _find_tests(shown.file)
    assert shown.part.endswith("live") == shown.file.startswith("e2e/")


@pytest.mark.parametrize("row", ROWS)
def test_each_row_is_shown_on_the_live_stack_too(row: str) -> None:
    assert any(shown.part.endswith("live") for shown in ROWS[row])


@cache
def _find_tests(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / "tests" / file).read_text())
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))
