import pytest

from grafana.variables import Variable
from prometheus.names import series
from prometheus.queries import QueryError
from telemetry import instruments

REQUESTS = series(instruments.RECOMMENDATION_REQUESTS)
MODEL = series(instruments.RECOMMENDATION_MODEL_INFO)
SEGMENT = Variable("segment", "Segment", REQUESTS)
DATASET = Variable("dataset_id", "Data set", MODEL)


def test_all_values_are_chosen_at_first() -> None:
    rendered = SEGMENT.render()
    assert rendered["definition"] == "label_values(recommendation_requests_total, segment)"
    assert (rendered["includeAll"], rendered["multi"], rendered["allValue"]) == (True, True, ".*")
    assert rendered["current"] == {"selected": True, "text": ["All"], "value": ["$__all"]}


def test_all_of_a_variable_that_follows_another_means_all_of_its_values() -> None:
    rendered = Variable("model_version", "Version", MODEL, where=(DATASET.matcher,)).render()
    wanted = 'label_values(recommendation_model_info{dataset_id=~"$dataset_id"}, model_version)'
    assert rendered["definition"] == wanted
    assert "allValue" not in rendered


def test_with_a_first_value_one_is_chosen_at_a_time() -> None:
    rendered = Variable("segment", "Segment", REQUESTS, first="heavy").render()
    assert (rendered["includeAll"], rendered["multi"]) == (False, False)
    assert rendered["current"] == {"selected": True, "text": "heavy", "value": "heavy"}


def test_a_variable_needs_its_label() -> None:
    with pytest.raises(QueryError, match="variable region: recommendation_requests_total has no such label"):
        Variable("region", "Region", REQUESTS).render()


def test_a_variable_cannot_follow_one_that_its_series_does_not_know() -> None:
    with pytest.raises(QueryError, match="recommendation_model_info has no label 'segment'"):
        Variable("model_version", "Version", MODEL, where=(SEGMENT.matcher,)).render()


def test_the_first_value_can_be_whichever_there_is() -> None:
    rendered = Variable("segment", "Segment", REQUESTS, first="").render()
    assert (rendered["includeAll"], rendered["multi"], rendered["current"]) == (False, False, {})
