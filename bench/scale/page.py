"""What was measured beside what the model says, for the screen and for docs/size.md."""

from collections.abc import Sequence

from bench.incidents.tables import Table
from stack.size.fitting import AIM, DRIVERS, HELD_OUT, Prediction, fit, hold_out
from stack.size.measurements import Measurements, Step
from stack.size.model import SizeModel, System
from stack.size.prices import read_prices
from stack.size.shown import show_assumptions, show_ends, show_sizes, write

SIZES = (System(100, 10), System(1_000, 20), System(10_000, 50), System(100_000, 200))


def tabulate(measurements: Measurements) -> list[Table]:
    """Predictions held out, every step, what each thing costs, and some sizes."""
    return [
        _held_out(hold_out(measurements.steps)),
        _steps(measurements.steps),
        _coefficients(measurements),
        *_sizes(measurements),
    ]


def is_within_aim(predictions: Sequence[Prediction]) -> bool:
    """Whether all that counts is predicted well: totals, and what goes over the network and onto disks."""
    return all(abs(each.error) <= AIM for each in predictions if _counts(each))


def _counts(prediction: Prediction) -> bool:
    """A part alone is shown; what decides on a size is all of them together."""
    kind, *part = prediction.quantity.split()
    return kind not in ("cores", "memory") or part == ["in", "all"]


def _held_out(predictions: Sequence[Prediction]) -> Table:
    rows = [
        (
            str(each.services),
            each.quantity,
            write(each.quantity, each.measured),
            write(each.quantity, each.predicted),
            f"{each.error:+.0%}"
            + ("" if abs(each.error) <= AIM or not _counts(each) else " (above the aim)"),
        )
        for each in predictions
    ]
    columns = ("services", "quantity", "measured", "predicted", "error")
    return Table(f"{HELD_OUT} requests/s, predicted from 10 and 50", columns, rows)


def _steps(steps: Sequence[Step]) -> Table:
    rows = [
        (str(step.services), f"{step.load.rate:g}", *(write(name, step.measured[name]) for name in DRIVERS))
        for step in steps
    ]
    return Table("Measured", ("services", "requests/s", *DRIVERS), rows)


def _coefficients(measurements: Measurements) -> Table:
    model = fit(measurements.steps)
    drivers = tuple(dict.fromkeys(driver for each in DRIVERS.values() for driver in each))
    names = {"1": "without load", "own_series": "for each series of its own"}
    rows = [
        (
            quantity,
            *(
                write(quantity, model[quantity][driver]) if driver in model[quantity] else ""
                for driver in drivers
            ),
        )
        for quantity in DRIVERS
    ]
    headings = (names.get(driver, f"for each of {driver}") for driver in drivers)
    return Table("Coefficients, from all steps", ("quantity", *headings), rows)


def _sizes(measurements: Measurements) -> list[Table]:
    model, prices = SizeModel(measurements), read_prices()
    return [
        Table("Sizes, metrics kept for 30 days and traces for 2", *show_sizes(model, prices, SIZES)),
        Table("Where one machine ends, with 50 services", *show_ends(model, prices, SIZES[2])),
        Table("Assumed, not measured", *show_assumptions()),
    ]
