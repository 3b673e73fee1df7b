"""`python -m diagnosis` says what the incidents API says, or one line why not."""

import httpx
import pytest
import typer
from typer.testing import CliRunner

from diagnosis import diagnose
from diagnosis.__main__ import app, ask, describe
from tests.unit.diagnosis.packs.recommender.scenarios import CAUSES

WORLD = CAUSES["missing-features"][1](3)
VERDICT = diagnose(WORLD.evidence(), alerted_at=WORLD.onset + 45)


def test_asks_the_api_and_tells_the_verdict() -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, text=VERDICT.model_dump_json()))
    told = describe(ask("http://inbox", 0.0, 900.0, transport=transport))
    assert "data: missing-features" in told and "What to do:" in told
    assert all(statement.statement in told for statement in VERDICT.evidence)


def refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (refuse, "http://inbox cannot be reached"),
        (lambda _: httpx.Response(503, json={"detail": "Prometheus is away."}), "Prometheus is away. Is"),
        (lambda _: httpx.Response(200, text="hello"), "is not the incidents service"),
    ],
)
def test_without_an_answer_there_is_one_clear_line(
    answer: object, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as stopped:
        ask("http://inbox", 0.0, 900.0, transport=httpx.MockTransport(answer))  # type: ignore[arg-type]
    error = capsys.readouterr().err
    assert stopped.value.exit_code == 1 and said in error and error.count("\n") == 1


@pytest.mark.parametrize("since", ["", "15", "5s", "7d", "-3m"])
def test_a_time_that_makes_no_sense_is_wrong_use(since: str) -> None:
    result = CliRunner().invoke(app, ["--since", since])
    assert result.exit_code == 2 and "write 5m, 15m or 2h" in result.output
