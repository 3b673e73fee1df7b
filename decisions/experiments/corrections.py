"""Many comparisons at once: each more is one more chance to be wrong."""

from collections.abc import Mapping
from math import inf, log
from typing import TypeVar

Key = TypeVar("Key")


def split(alpha: float, comparisons: int) -> float:
    """The level of each of the comparisons that decide: declared metrics times variants beside the control.

    Bonferroni's, and not Holm's: a decision is read off its interval, and Holm's steps have no intervals that
    agree with them. Of the handful of metrics that an experiment declares it costs little.
    """
    return alpha / max(comparisons, 1)


def discoveries(log_e_values: Mapping[Key, float], alpha: float) -> set[Key]:
    """Those of many comparisons that stand out: of them a share of `alpha` is wrong, on average, at most.

    e-BH: the k largest, for the largest k whose k-th e-value is at least n / (α k). It is for segments: they
    overlap in users and are looked at whenever somebody likes, and e-values allow any dependence and any time
    to look, which p-values with Benjamini and Hochberg's steps do not (Wang and Ramdas, "False discovery rate
    control with e-values", JRSS B 84, 2022).
    """
    ordered = sorted(log_e_values.items(), key=lambda entry: -entry[1])
    needed = [log(len(ordered) / (alpha * place)) for place in range(1, len(ordered) + 1)]
    kept = max((k for k, (_, found) in enumerate(ordered, 1) if _enough(found, needed[k - 1])), default=0)
    return {key for key, _ in ordered[:kept]}


def _enough(found: float, needed: float) -> bool:
    return -inf < found and found >= needed
