"""How far what the recommender was asked in the last two minutes is from its training data.

It watches its versions with the package whence_monitor. The rules of watched models look over ten minutes and
more; two are enough here, where twenty requests come in a second.
"""

from collections.abc import Iterator, Sequence

from prometheus import queries as q
from prometheus.indicators import RECOMMENDER
from prometheus.limits import DRIFT_SAMPLES
from prometheus.models.drift import population_stability
from prometheus.models.samples import ALL, OF_BIN, SEGMENTED
from prometheus.rules import Rule, record
from prometheus.series import models
from prometheus.series.models import INPUTS, OF_REFERENCE
from prometheus.series.recorded import RECENT_DRIFT

SECONDS, WINDOW = 120, "2m"
_WATCHED = (RECOMMENDER, f'feature!="{INPUTS}"')


def drift_rules() -> Iterator[Rule]:
    """Of everybody, and of each segment."""
    yield record(RECENT_DRIFT, _stability(by=OF_REFERENCE), segment=ALL)
    yield record(RECENT_DRIFT, _stability(SEGMENTED, by=(*OF_REFERENCE, "segment")))


def _stability(*where: str, by: Sequence[str]) -> str:
    of, by_bin = (*_WATCHED, *where), (*by, "bin")
    now = f"({SECONDS} * {q.rate(models.FEATURE_VALUES, *of, by=by_bin, window=WINDOW)})"
    each = q.highest(models.REFERENCE_VALUES, *of, by=(*OF_BIN, "segment"))
    then = f"(sum by ({', '.join(by_bin)}) ({each}) or 0 * {now})"
    sums = f"sum by ({', '.join(by)}) ({now})"
    return q.provided(population_stability(now, then, by), sums, DRIFT_SAMPLES)
