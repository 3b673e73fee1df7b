"""What the footprint's table says of the aims, and what it is told to measure."""

import pytest
from rich.console import Console

from bench import footprint
from bench.usage import Usage
from stack import StackError
from stack.running import compose

IDLE = [
    Usage("minio", 0.1, 0.02, 300 * 2**20),
    Usage("jaeger", 0.1, 0.1, 300 * 2**20, mapped=2**31),
    Usage("recommender", 0.2, None, 100 * 2**20),
    Usage("grafana", 0.9, 3.0, 2**30),
    Usage("process-compose", 0.0, None, 2**20),
]


def said(usages: list[Usage]) -> str:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(footprint.draw(usages, "title"))
    return captured.get()


def test_grafana_is_listed_and_not_counted() -> None:
    assert footprint.within_aims(IDLE)
    lines = said(IDLE).splitlines()
    assert [line for line in lines if "grafana" in line]
    assert lines[-1].count("pass") == 3


@pytest.mark.parametrize(
    ("hungry", "failed"),
    [
        (Usage("collector", 0.2, 0.1, 2**20), "0.60 of 0.5: FAIL"),
        (Usage("collector", 0.0, 12.7, 2**20), "at most 12.70 of 2: FAIL"),
        (Usage("collector", 0.0, 0.1, 2**29 + 2**20), "1214 of 1229: pass"),
        (Usage("collector", 0.0, 0.1, 2**30), "1725 of 1229: FAIL"),
    ],
)
def test_each_aim_is_judged(hungry: Usage, failed: str) -> None:
    line = said([*IDLE, hungry]).splitlines()[-1]
    assert failed in line and line.count("FAIL") == failed.count("FAIL")
    assert footprint.within_aims([*IDLE, hungry]) == ("FAIL" not in failed)


@pytest.mark.parametrize("silent", ["collector", "toxiproxy"])
def test_what_could_not_be_read_is_no_aim_met(silent: str) -> None:
    usages = [*IDLE, Usage(silent, 0.0, None, 2**20)]
    assert f"unknown of {silent} of 2: FAIL" in said(usages).splitlines()[-1]
    assert not footprint.within_aims(usages)
    assert footprint.within_aims([*IDLE, Usage("grafana", 0.9, None, 2**30)])


def test_mapped_files_are_shown_and_not_judged() -> None:
    lines = [line.split() for line in said(IDLE).splitlines()]
    assert {"2048", "0.10"} <= {word for line in lines if line[:1] == ["jaeger"] for word in line}
    assert lines[-1][-2:] == ["pass", "2048"]


def test_what_a_go_program_does_not_expose_is_said() -> None:
    rows = {line.split()[0]: line for line in said(IDLE).splitlines()[2:]}
    assert "not exposed" in rows["process-compose"] and "not exposed" not in rows["recommender"]
    assert "about 0.10" in rows["jaeger"] and "about" not in rows["minio"]


@pytest.mark.parametrize(("text", "minutes"), [("5", [5]), ("60,5", [5, 60]), ("1.5", [1.5])])
def test_times_are_a_list_of_minutes(text: str, minutes: list[float]) -> None:
    assert footprint.parse_minutes(text) == minutes


@pytest.mark.parametrize("text", ["", "0", "five", "5,", "5,2000"])
def test_times_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(StackError, match="give minutes from 1 to 1440"):
        footprint.parse_minutes(text)


def test_usage_is_read_as_docker_prints_it() -> None:
    lines = [
        "whence-minio-1 12.50% 61.05MiB / 864MiB",
        "",
        "whence-storage-setup-1 0.00% 0B / 0B",
        "other-1 1% 2B / 0B",
    ]
    assert compose.parse_usage(lines, ["minio"]) == {"minio": (0.125, 64015564)}
