"""The benchmark on the shop: what is run, what is kept of a run, and what counts as right."""

from pathlib import Path

import pytest
from rich.console import Console

from bench.recorded_runs import Alert, read_runs, write_run
from bench.shop.case import REPORTED, TRAINING, Case, Counts, Run, list_cases
from bench.shop.scoring import judge, tabulate, tabulate_seeds
from diagnosis import Evidence, Verdict
from diagnosis.verdict.verdict import Place, Statement


def make_run(fault: str = "database-slow") -> Run:
    return Run(
        case=Case(fault=fault, severity="high", seed=5),
        injected_at=1000.0,
        asked_at=1090.0,
        before=Counts(failed=0.0, p95=0.2),
        after=Counts(failed=0.3, p95=1.2),
        alerts=[Alert(name="Requests Slow", service="shop-gateway", at=1040.0)],
        services=["shop-gateway"],
        evidence=Evidence(start=900.0, end=1090.0),
    )


def make_verdict(domain: str, cause: str, *path: str) -> Verdict:
    places = [Place(kind="service", name=name) for name in path]
    return Verdict.model_validate(
        {
            "domain": domain,
            "cause": cause,
            "confidence": 0.9,
            "summary": "It is so.",
            "path": places,
            "entity": places[-1] if places else None,
        }
    )


def test_every_fault_is_run_at_two_severities_with_eight_controls() -> None:
    cases = list(list_cases(7, REPORTED))
    assert sum(case.truth.control for case in cases) == 8
    assert {case.severity for case in cases if not case.truth.control} == {"low", "high"}
    faults = {case.fault for case in cases if not case.truth.control}
    assert len(cases) == 2 * len(faults) + 8
    assert {case.fault for case in list_cases(7, TRAINING)} == faults


def test_a_verdict_is_right_in_four_ways() -> None:
    path = ("shop-gateway", "shop-pricing", "postgresql@127.0.0.1:5432")
    right = judge(make_run(), make_verdict("infrastructure", "dependency-slow", *path))
    assert (right.domain, right.cause, right.entity, right.path) == (True, True, True, True)
    short = judge(make_run(), make_verdict("infrastructure", "dependency-locked", *path[1:]))
    assert (short.domain, short.cause, short.entity, short.path) == (True, False, True, False)
    other = judge(make_run(), make_verdict("release", "release-slow", *path[:2]))
    assert (other.domain, other.cause, other.entity, other.path) == (False, False, False, False)
    assert judge(make_run(), make_verdict("none", "none")).is_denied


def test_a_control_is_right_if_nothing_is_blamed() -> None:
    assert judge(make_run("restart"), make_verdict("unknown", "unknown")).domain
    assert not judge(make_run("restart"), make_verdict("infrastructure", "memory", "shop-pricing")).domain


def test_the_tables_say_what_was_missed() -> None:
    verdict = make_verdict("infrastructure", "dependency-slow", "shop-pricing", "postgresql@db:5432")
    console = Console(width=200)
    with console.capture() as shown:
        for table in tabulate([judge(make_run(), verdict)]):
            console.print(table.to_rich())
    text = shown.get()
    assert "0% → 30% failed, 0.20 → 1.20 s" in text
    assert "Requests Slow of shop-gateway, 40 s" in text
    assert "not path" in text


def test_seeds_have_tables_of_their_own() -> None:
    old = make_run().model_copy(
        update={"first": make_verdict("infrastructure", "dependency-slow", "postgresql")}
    )
    new = old.model_copy(update={"case": Case(fault="database-slow", severity="low", seed=6)})
    tables = {table.title: [row[0] for row in table.rows] for table in tabulate_seeds([old, new])}
    assert tables["The shop, first draws, seed 5: every run"] == ["database-slow-high-5"]
    assert tables["The shop, first draws, seed 6: every run"] == ["database-slow-low-6"]
    assert list(tables)[0] == "The shop, first draws, seed 6"


def test_a_run_is_kept_and_read_again(tmp_path: Path) -> None:
    verdict = make_verdict("release", "release-slow", "shop-pricing")
    proof = Statement(statement="It is slow.", query="up")
    run = make_run().model_copy(update={"first": verdict.model_copy(update={"evidence": [proof]})})
    write_run(tmp_path, run)
    assert read_runs(tmp_path, Run) == [run.model_copy(update={"first": verdict})]


def test_a_file_that_is_no_run_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.json.gz").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"bad\.json\.gz is not a run"):
        read_runs(tmp_path, Run)
