"""What a ranker shows: how many different items, how evenly, and how popular ones.

The formulas are those of `whence_monitor.formulas.ranking`, where their sources are.
"""

from collections.abc import Iterator
from math import log, sqrt

from prometheus import queries as q
from prometheus.models.measures import ENOUGH
from prometheus.models.samples import ALL, SECONDS
from prometheus.rules import Rule, record
from prometheus.series import models
from prometheus.series.models import MODEL, NUMBER_BINS
from prometheus.series.recorded import MODEL_MEASURE, MODEL_PREDICTIONS

REGISTERS, BUCKETS = 128, 64
"""Of hashes of items, as the package has them."""
_BY = f"by ({', '.join(MODEL)})"


def item_rules() -> Iterator[Rule]:
    """`coverage` and `diversity` are numbers of items, `popularity` is 0 for the least and 1 for the most."""
    for window in SECONDS:
        of = q.equal("segment", ALL), q.equal("window", window)
        enough = f"({q.level(MODEL_PREDICTIONS, *of, by=MODEL)} >= {ENOUGH})"
        for name, expr in (
            ("coverage", _coverage(window)),
            ("diversity", _diversity(window)),
            ("popularity", popularity(window=window)),
        ):
            shown = f"({expr}) and on ({', '.join(MODEL)}) {enough}"
            yield record(MODEL_MEASURE, shown, measure=name, segment=ALL, window=window)


def _coverage(window: str) -> str:
    """Of a HyperLogLog; the logarithm where few items leave registers empty."""
    highest = f"max_over_time({q.select(models.ITEMS_REGISTER)}[{window}])"
    registers = f"max by ({', '.join(MODEL)}, register) ({highest})"
    many = f"{0.7213 / (1 + 1.079 / REGISTERS) * REGISTERS**2!r} / sum {_BY} (0.5 ^ ({registers}))"
    few = f"{REGISTERS} * ({log(REGISTERS)!r} - ln(count {_BY} ({registers} == 0)))"
    return f"(({few}) and ({many} <= {2.5 * REGISTERS:g})) or {many}"


def _diversity(window: str) -> str:
    """The inverse of how often two items that are shown are the same one."""
    counts = f"{SECONDS[window]} * {q.rate(models.ITEMS_SPREAD, by=[*MODEL, 'bin'], window=window)}"
    shown = f"sum {_BY} ({counts})"
    together = f"sum {_BY} ({counts} * ({counts} - 1)) / ({shown} * ({shown} - 1))"
    alike = f"({together} - {1 / BUCKETS!r}) / {1 - 1 / BUCKETS!r}"
    least = f"{4 * sqrt(2 / BUCKETS)!r} / {shown}"
    return f"1 / (({alike} > {least}) or {least})"


def popularity(*where: str, window: str) -> str:
    """The mean popularity of the items shown, by version."""
    tenths = NUMBER_BINS[1:-1]
    shown = q.rate(models.ITEMS_SHOWN, q.one_of("bin", tenths), *where, by=MODEL, window=window)
    by = (*MODEL, "bin")
    weighted = " or ".join(
        f"{(place + 0.5) / 10:g} * "
        f"{q.rate(models.ITEMS_SHOWN, q.equal('bin', name), *where, by=by, window=window)}"
        for place, name in enumerate(tenths)
    )
    return f"sum {_BY} ({weighted}) / ({shown} > 0)"
