"""What is read of Prometheus, what is decided by it, and how it is said."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from decisions.experiments import __main__ as command
from decisions.experiments.judgement import Decision
from decisions.experiments.reading import read
from decisions.experiments.review import Review, review
from decisions.experiments.wording import describe
from prometheus.client import Client, SourceAway
from tests.unit.decisions.experiments.counters import Users
from tests.unit.decisions.experiments.declared import declare

HOUR = 3_600


def look(users: Users, **changes: Any) -> Review:
    experiment = declare(**changes)
    return review(experiment, read(users.client(), experiment, experiment.start + HOUR))


def decide(users: Users, **changes: Any) -> list[Decision]:
    return [judged.comparison.decision for judged in look(users, **changes).judged]


@pytest.mark.parametrize(
    ("rate", "decision"),
    [(0.5, Decision.WORSE), (0.6, Decision.SAME), (0.7, Decision.BETTER)],
)
def test_a_hit_rate_is_decided_by_its_direction(rate: float, decision: Decision) -> None:
    assert decide(Users({"v1": 0.6, "v2": rate}))[0] is decision


def test_slower_answers_are_worse_and_as_fast_ones_no_difference() -> None:
    rates = {"v1": 0.6, "v2": 0.6}
    assert decide(Users(rates))[1] is Decision.SAME
    assert decide(Users(rates, seconds={"v1": 0.1, "v2": 0.2}))[1] is Decision.WORSE
    assert decide(Users(rates, seconds={"v1": 0.1, "v2": 0.05}))[1] is Decision.BETTER


def test_a_quantile_is_where_it_is_and_as_sure_as_its_share_below() -> None:
    found = look(Users({"v1": 0.6, "v2": 0.6}))
    control = found.judged[1].control
    assert float(control.value) == pytest.approx(0.3, rel=0.01), "20 times less often than -log(.05) means"
    density = 0.05 / 0.1
    expected = (0.95 * 0.05 / 20_000) ** 0.5 / density
    assert float(control.error) == pytest.approx(expected, rel=0.4)


def test_it_takes_five_requests_at_most_whatever_is_declared() -> None:
    users = Users({"v1": 0.6, "v2": 0.6})
    look(users)
    assert len(users.asked) == 5
    users.asked.clear()
    look(users, metrics=[METRIC])
    assert len(users.asked) == 1


METRIC = {
    "name": "hit-rate",
    "kind": "conversion",
    "of": "hit",
    "per": "labelled",
    "better": "higher",
    "minimum_effect": "5%",
}


def test_little_data_decides_nothing_and_says_how_long_it_takes() -> None:
    few = look(Users({"v1": 0.6, "v2": 0.61}, requests=2_000), metrics=[METRIC])
    comparison = few.judged[0].comparison
    assert comparison.decision is Decision.NOT_YET
    assert HOUR / 4 < comparison.wait < 4 * HOUR
    later = Users({"v1": 0.6, "v2": 0.61}, requests=int(2_000 * (1 + comparison.wait / HOUR)))
    assert look(later, metrics=[METRIC]).judged[0].comparison.wait < HOUR
    assert "more, at this rate" in describe(few)


def test_users_who_differ_too_much_never_suffice_and_it_says_how_many_would() -> None:
    alike = look(Users({"v1": 0.6, "v2": 0.6}, requests=1_000_000, spread=0.2), metrics=[METRIC])
    comparison = alike.judged[0].comparison
    assert comparison.decision is Decision.NOT_YET and comparison.users > 1.5
    assert "never with these users: it takes about" in describe(alike)


def test_under_a_hundred_requests_nothing_is_said() -> None:
    text = describe(look(Users({"v1": 0.6, "v2": 0.6}, requests=90), metrics=[METRIC]))
    assert "too few requests to say how long" in text and "→" not in text


def test_users_who_do_not_come_by_the_shares_stop_every_decision() -> None:
    lost = look(Users({"v1": 0.6, "v2": 0.7}, users={"v1": 1_000, "v2": 800}))
    assert lost.mismatch and lost.reading.users == {"v1": 1_000, "v2": 800}, "those of the largest process"
    text = describe(lost)
    assert "Users do not come by the declared shares" in text
    assert "BETTER" not in text and text.count("not decided") == 2
    assert not look(Users({"v1": 0.6, "v2": 0.7}, users={"v1": 1_000, "v2": 960})).mismatch


def test_a_segment_that_is_hurt_stands_out_alone() -> None:
    found = look(Users({"v1": 0.6, "v2": 0.6}, heavy={"v2": 0.4}))
    assert [judged.segment for judged in found.segments] == ["heavy"] and found.looked_at == 2
    assert "heavy, hit-rate, treatment: 60" in describe(found)
    assert look(Users({"v1": 0.6, "v2": 0.6})).segments == ()


def test_more_metrics_make_intervals_wider() -> None:
    def width(metrics: list[dict[str, str]]) -> float:
        change = look(Users({"v1": 0.6, "v2": 0.6}), metrics=metrics).judged[0].comparison.change
        return change.high - change.low

    assert width([METRIC]) < width([METRIC, METRIC | {"name": "again"}])


def test_three_variants_are_each_compared_with_the_control() -> None:
    variants = [
        {"name": f"n{n}", "version": f"v{n}", "share": share}
        for n, share in ((1, "50%"), (2, "30%"), (3, "20%"))
    ]
    users = Users({"v1": 0.6, "v2": 0.7, "v3": 0.5}, users={"v1": 1_000, "v2": 600, "v3": 400})
    assert decide(users, variants=variants, metrics=[METRIC]) == [Decision.BETTER, Decision.WORSE]


def test_nothing_counted_yet_is_no_error() -> None:
    text = describe(look(Users({}, seconds={}, users={})))
    assert "no users" in text and text.count("too few requests") == 2


def test_a_mean_of_seconds_is_compared() -> None:
    mean = {"name": "time", "kind": "mean", "of": "duration", "better": "lower", "minimum_effect": "10%"}
    found = look(Users({"v1": 0.6, "v2": 0.6}, seconds={"v1": 0.1, "v2": 0.2}), metrics=[mean]).judged[0]
    assert (float(found.control.value), float(found.treatment.value)) == pytest.approx((0.1, 0.2))


DECLARED = """
experiments:
  - name: smaller
    start: {start}
    variants: [{{name: a, version: v1, share: 50%}}, {{name: b, version: v2, share: 50%}}]
"""


@pytest.fixture
def declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "whence.yaml"
    file.write_text(DECLARED.format(start="2026-11-20T12:00:00Z"))
    monkeypatch.setenv("WHENCE_CONFIG", str(file))
    monkeypatch.setenv("PROMETHEUS_URL", "http://127.0.0.1:9")
    return file


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(command.app, arguments)
    return done.exit_code, done.output


def test_the_command_prints_the_experiment(declared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users = Users({"v1": 0.6, "v2": 0.7})
    monkeypatch.setattr(command, "Client", lambda *_: users.client())
    status, text = run("smaller")
    assert status == 0
    assert "b: 60" in text and "BETTER" in text


def test_without_prometheus_it_says_what_to_do_in_one_line(declared: Path) -> None:
    status, text = run()
    assert status == 1 and text.count("\n") == 1
    assert text.startswith("whence: no numbers: Prometheus cannot be reached") and "make status" in text


def test_an_answer_that_is_cut_off_is_not_taken_for_whole(
    declared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("decisions.experiments.reading.SERIES", 100)
    monkeypatch.setattr(command, "Client", lambda *_: Users({"v1": 0.6, "v2": 0.7}).client())
    status, text = run("smaller")
    assert status == 1 and text.count("\n") == 1
    assert "smaller has 100 series or more" in text


def test_an_experiment_that_is_not_declared_is_named(declared: Path) -> None:
    status, text = run("larger")
    assert status == 2 and text == "whence: no such experiment: larger (declared: smaller)\n"
    declared.write_text("")
    assert run() == (2, "whence: whence.yaml declares no experiment: docs/experiments.md says how\n")


def test_before_its_start_there_are_no_numbers(declared: Path) -> None:
    declared.write_text(DECLARED.format(start="2126-11-20T12:00:00Z"))
    status, text = run()
    assert status == 0 and "starts at 2126-11-20 12:00:00 UTC" in text


def test_a_prometheus_that_answers_something_else_is_named() -> None:
    client = Client("Prometheus", "http://p", transport=httpx.MockTransport(lambda _: httpx.Response(200)))
    with pytest.raises(SourceAway, match="is not its API's"):
        command.look(client, declare(), declare().start + HOUR)
