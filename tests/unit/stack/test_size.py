"""The model of size: what is fitted comes back, more load takes more, and mistakes are told."""

import math
from collections.abc import Mapping
from pathlib import Path

import pytest

from bench.scale.steps import plan
from stack import StackError
from stack.size.__main__ import main, read_days
from stack.size.fitting import DRIVERS, fit, hold_out
from stack.size.layouts import Layout, find_ends, lay_out
from stack.size.measurements import Measurements, Step, read
from stack.size.model import SizeModel, System
from stack.size.prices import DEFAULT, read_prices

TRUE: Mapping[str, tuple[float, ...]] = {
    "series": (2_500, 1.05, 30),
    "float samples/s": (250, 1, 5),
    "histogram samples/s": (10, 0.25, 0.4),
    "trace bytes/s": (600, 100),
    "metric bytes/s": (90,),
    "trace disk bytes/s": (0, 2_200),
    "cores collector": (0.02, 2.3e-5, 1.4e-5, 2e-5),
    "cores ingest": (0.01, 1.5e-5, 2e-6),
    "cores jaeger": (0.01, 5e-5),
    "cores prometheus": (0.04, 2e-5, 1e-4),
    "memory collector": (6e7, 3e3, 2e3),
    "memory ingest": (7e7, 300, 100),
    "memory jaeger": (1.2e8, 2e4),
    "memory prometheus": (1e8, 4_000, 20_000),
}
"""Coefficients in the order of DRIVERS."""


def made_up(bend: float = 0.0) -> Measurements:
    """What a machine with these coefficients would measure; `bend` comes with the square of the spans/s."""
    steps = []
    for fleet, load in plan():
        measured = {
            quantity: sum(
                each * load.drive(driver) for driver, each in zip(drivers, TRUE[quantity], strict=True)
            )
            for quantity, drivers in DRIVERS.items()
        }
        measured["cores jaeger"] += bend * (load.spans / 200) ** 2
        steps.append(Step(services=fleet.services, load=load, measured=measured))
    return Measurements(day="2026-11-30", machine="made up", steps=steps, float_bytes=1.7, histogram_bytes=11)


MODEL, PRICES = SizeModel(made_up()), read_prices()


def test_the_coefficients_come_back_and_none_is_negative() -> None:
    found = fit(made_up().steps)
    for quantity, drivers in DRIVERS.items():
        assert list(found[quantity].values()) == pytest.approx(list(TRUE[quantity]), rel=0.02, abs=1e-7), (
            quantity
        )
        assert list(found[quantity]) == list(drivers)


def test_the_highest_rate_is_predicted_from_the_others_and_a_bend_is_seen() -> None:
    straight = {(each.services, each.quantity): each for each in hold_out(made_up().steps)}
    assert len(straight) == 3 * (len(DRIVERS) + 2)
    assert all(abs(each.error) < 0.02 for each in straight.values())
    bent = {(each.services, each.quantity): each for each in hold_out(made_up(bend=0.01).steps)}
    assert bent[50, "cores jaeger"].error < -0.3
    assert bent[50, "cores in all"].error < -0.15


def test_a_small_system_fits_on_one_machine_and_a_large_one_does_not() -> None:
    small, _ = lay_out(MODEL, System(20, 4), PRICES)
    assert small.machine == PRICES.machines[0] and small.money > 0
    large, spread = lay_out(MODEL, System(10_000, 50), PRICES)
    assert large.machine is None and math.isnan(large.money)
    assert spread.machines >= 3 and spread.money > small.money


def test_every_part_grows_with_the_load_or_stays() -> None:
    def distributed(rate: float) -> Layout:
        return lay_out(MODEL, System(rate, 50), PRICES)[1]

    less, more = distributed(1_000), distributed(100_000)
    for before, after in zip(less.parts, more.parts, strict=True):
        assert after.name == before.name
        assert after.cores >= before.cores and after.memory >= before.memory and after.disk >= before.disk
    assert more.machines > 10 * less.machines


def test_one_machine_ends_where_its_first_limit_is() -> None:
    ends = find_ends(MODEL, System(100, 50), PRICES)
    assert [end.rate for end in ends] == sorted(end.rate for end in ends)
    first = ends[0].rate
    below, above = (lay_out(MODEL, System(rate, 50), PRICES)[0] for rate in (0.95 * first, 1.05 * first))
    assert below.machine and not above.machine


def test_longer_retention_and_rarer_exports_show_in_disk_and_samples() -> None:
    usual, kept, rare = (
        System(100, 10),
        System(100, 10, metric_days=90, trace_days=7),
        System(100, 10, interval=60),
    )
    disks = {part.name: part.disk for part in lay_out(MODEL, usual, PRICES)[0].parts}
    longer = {part.name: part.disk for part in lay_out(MODEL, kept, PRICES)[0].parts}
    assert longer["prometheus"] == pytest.approx(3 * disks["prometheus"])
    assert longer["jaeger"] == pytest.approx(3.5 * disks["jaeger"])
    assert MODEL.demand(rare).samples < MODEL.demand(usual).samples
    assert MODEL.demand(rare).series == MODEL.demand(usual).series
    sampled = MODEL.demand(usual._replace(sampled=0.1))
    assert sampled.spans == pytest.approx(0.1 * MODEL.demand(usual).spans)


@pytest.mark.parametrize(("text", "days"), [("48h", 2), ("30d", 30), ("2w", 14), ("1y", 365)])
def test_retention_is_read(text: str, days: float) -> None:
    assert read_days("RETENTION", text) == days


@pytest.mark.parametrize("text", ["", "30", "0d", "d30", "30 d", "30m"])
def test_a_wrong_retention_is_told(text: str) -> None:
    with pytest.raises(StackError, match="RETENTION=.*such as 48h or 30d"):
        read_days("RETENTION", text)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("currency:", "curency:"), "currency: Field required"),
        (("disk: 0.08", "disk: -1"), "disk: Input should be greater than or equal to 0"),
        (("node: 8 cores", "node: a cray"), "there is no machine 'a cray'"),
        (("machines:", "machines: ["), "is not YAML"),
    ],
)
def test_a_wrong_price_list_is_told(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(DEFAULT.read_text().replace(*change, 1))
    with pytest.raises(StackError, match=said):
        read_prices(file)
    with pytest.raises(StackError, match="No such file"):
        read_prices(tmp_path / "none.yaml")


def test_without_measurements_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="make bench-scale"):
        read(tmp_path / "scale.json")
    (tmp_path / "scale.json").write_text("{}")
    with pytest.raises(StackError, match="run it again"):
        read(tmp_path / "scale.json")


def test_the_command_prints_both_layouts_the_ends_and_the_assumptions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "scale.json"
    file.write_text(made_up().model_dump_json())
    main(10_000, 50, recording=file)
    said = capsys.readouterr().out
    for expected in (
        "One machine",
        "does not fit",
        "Distributed",
        "Kafka",
        "ends, with 50 services",
        "Assumed",
    ):
        assert expected in said
