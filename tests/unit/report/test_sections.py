import numpy as np
import pytest

from config import Config
from prometheus.client import Answers, TimeSeries
from prometheus.objectives import all_objectives
from report.inbox import Incident
from report.period import Period
from report.sections.alerts import review_alerts
from report.sections.figures import count_figures
from report.sections.health import count_losses, review_health
from report.sections.objectives import review_objectives
from report.sections.storage import review_hours
from report.sections.versions import compare_versions, write_served
from tests.unit.report.fakes import (
    CANARY,
    DAY,
    DOWN,
    HOUR,
    NOW,
    SLOW,
    Known,
    alert,
    answer_from,
    incident,
    prometheus,
    story,
)

WEEK = Period(NOW - 7 * DAY, NOW)


def counted(bad: float) -> Known:
    labels = {"service_name": "recommender", "objective": "availability"}
    return {"counted": [(labels, lambda time: 100.0)], "bad": [(labels, lambda time: bad)]}


@pytest.mark.parametrize(
    ("errors", "met", "spent"), [(0.25, True, 0.5), (0.5, True, 1.0), (5.0, False, 10.0)]
)
def test_the_budget_is_what_the_objective_allows(errors: float, met: bool, spent: float) -> None:
    outcome = review_objectives(prometheus(answer_from(counted(errors))), WEEK, Config())[0]
    assert outcome.objective.target == 0.995
    assert outcome.kept == pytest.approx(1 - errors / 100)
    assert outcome.budget_spent == pytest.approx(spent)
    assert outcome.met is met


def test_budget_only_ever_goes_down_and_outages_spend_nothing_known() -> None:
    outcome = review_objectives(prometheus(answer_from(story())), WEEK, Config())[0]
    shares = [share for _, share in outcome.spent]
    assert shares == sorted(shares) and shares[0] == 0 < shares[-1]
    assert not [time for time, _ in outcome.spent if DOWN[0] < time <= DOWN[1]]


def test_objective_without_requests_is_neither_met_nor_missed() -> None:
    outcomes = review_objectives(prometheus(answer_from({})), WEEK, Config())
    assert [one.objective for one in outcomes] == list(all_objectives(Config()))
    assert {(one.met, one.kept, one.budget_spent) for one in outcomes} == {(None, None, None)}


def test_slowest_hours_come_first_and_hours_without_data_are_left_out() -> None:
    hours = review_hours(prometheus(answer_from(story())), WEEK, 0.25)
    assert [cell.start for cell in hours.slowest[:2]] == [SLOW[0], SLOW[0] + HOUR]
    assert hours.slowest[0].p95 == pytest.approx(800) and hours.slowest[0].operations == 20 * HOUR
    assert len(hours.late) == 2
    assert len(hours.cells) == 7 * 24 - 5


def test_short_periods_are_looked_at_in_five_minutes() -> None:
    hours = review_hours(prometheus(answer_from(story())), Period(NOW - 1_000, NOW + 10), 0.25)
    assert (hours.length, len(hours.cells)) == (300, 5)


def test_versions_are_compared_and_few_labels_are_not_judged() -> None:
    facts: Known = {**story(), "labelled": [({"model_version": "als32-aaaaaa"}, lambda time: 20.0)]}
    versions = compare_versions(prometheus(answer_from(facts)), WEEK)
    old = versions[0]
    assert (old.name, old.dataset) == ("als32-aaaaaa", "9f31c07ab2e4")
    assert old.hit_rate == pytest.approx(7 / 20)
    assert old.interval and old.interval[0] < 0.35 < old.interval[1]
    assert old.thumbs_up == pytest.approx(0.1 * 7 * DAY) and old.thumbs_down == 0
    canary = compare_versions(prometheus(answer_from(facts)), Period(NOW - 7 * DAY, CANARY[1]))
    new = next(one for one in canary if one.name == "als16-bbbbbb")
    assert (new.hit_rate, new.interval, new.hit_rates) == (None, None, ())


def test_time_of_service_is_said_shortly() -> None:
    assert write_served((WEEK.start, WEEK.end), WEEK) == "throughout"
    assert write_served((NOW - 6 * HOUR, NOW - 2 * HOUR), WEEK) == "20 Nov 18:00 – 22:00"
    assert write_served((NOW - 2 * DAY, NOW - 2 * HOUR), WEEK) == "19 Nov 00:00 – 20 Nov 22:00"


def test_figures_stand_beside_those_of_the_period_before() -> None:
    source = prometheus(answer_from(story()))
    compared = count_figures(source, WEEK, compare=True)
    assert compared.now.requests == pytest.approx(20 * 7 * DAY)
    assert [one.source for one in compared.now.answers] == ["personalised", "popular"]
    assert compared.now.failed == 0
    assert compared.before and compared.before.storage_p95 == pytest.approx(40)
    assert count_figures(source, WEEK, compare=False).before is None


def test_figures_that_were_not_measured_are_not_zero() -> None:
    now = count_figures(prometheus(answer_from({})), WEEK, compare=False).now
    assert (now.requests, now.failed, now.hit_rate, now.storage_p95, now.answers) == (
        None,
        None,
        None,
        None,
        (),
    )


def fired(*alerts: dict[str, object]) -> list[Incident]:
    return [Incident.model_validate(incident(1, *alerts))]


@pytest.mark.parametrize(("seconds", "brief"), [(119, 1), (120, 0), (None, 0)])
def test_alert_that_is_over_at_once_is_brief(seconds: float | None, brief: int) -> None:
    (one,) = review_alerts(fired(alert("A", NOW - 60 if seconds is None else NOW - HOUR, seconds)), WEEK)
    assert one.brief == brief


@pytest.mark.parametrize(
    ("starts", "flapping"),
    [([0, 1_000, 3_599], 3), ([0, 1_000, 3_600], 0), ([0, 3_000, 6_000, 9_000], 0), ([0, 60], 0)],
)
def test_three_starts_within_an_hour_are_flapping(starts: list[int], flapping: int) -> None:
    (one,) = review_alerts(fired(*(alert("A", NOW - DAY + start, 10) for start in starts)), WEEK)
    assert one.flapping == flapping


def test_the_same_alert_on_other_services_is_another_one() -> None:
    alerts = [alert("Target Down", NOW - HOUR, 600, service_name=name) for name in "abc"]
    found = review_alerts(fired(*alerts), WEEK)
    assert [one.subject for one in found] == ["a", "b", "c"]
    assert not any(one.flapping for one in found)


def test_only_the_time_inside_the_period_is_added_up() -> None:
    (one,) = review_alerts(fired(alert("A", WEEK.start - HOUR, 3 * HOUR)), WEEK)
    assert (one.inside, one.longest) == (2 * HOUR, 3 * HOUR)
    assert review_alerts(fired(alert("A", WEEK.start - 2 * HOUR, HOUR)), WEEK) == []


def test_silence_is_measured_by_source_with_its_longest_gap() -> None:
    health = review_health(prometheus(answer_from(story())), WEEK)
    by_name = {source.name: source for source in health.sources}
    assert by_name["minio"].share == pytest.approx(91 / 180 * (1 - 5 / 168), abs=0.001)
    assert by_name["recommender"].silent == pytest.approx(5 * HOUR)
    gap = by_name["recommender"].longest_gap
    assert gap and (gap.start, gap.seconds) == (DOWN[0], 5 * HOUR)
    assert health.sources[0].name == "minio"


def test_sample_that_fell_into_the_next_cell_is_no_silence() -> None:
    facts: Known = {"pushed": [({"service_name": "traffic"}, lambda time: 6.0 - (time // 60) % 2)]}
    (source,) = review_health(prometheus(answer_from(facts)), Period(NOW - HOUR, NOW)).sources
    assert (source.share, source.silent) == (1, 0)


def totals(**values: float) -> Answers:
    names = [f"{kind}{number}" for number in range(8) for kind in ("total",)]
    names += [f"{kind}{n}_{part}" for n in range(8) for part in range(2) for kind in ("grown", "born")]
    return {
        name: [TimeSeries({}, np.array([[NOW, values[name]]]))] if name in values else [] for name in names
    }


def test_losses_that_were_not_measured_are_not_none() -> None:
    lost = [loss.lost for loss in count_losses(totals(total1=5.0), 10)]
    assert lost[:3] == [None, 0, None]


def test_counter_that_is_born_with_errors_in_it_counts_them() -> None:
    first = count_losses(totals(total0=100, grown0_0=0.5, born0_1=42), 10)[0]
    assert (first.lost, first.total) == (47, 1_000)
