"""A version for a growing share of the requests: then for all, or for none if its outcomes are worse.

The live one answers the others at the same time. A command that is killed leaves the share for a lease.
"""

import math
import time
from collections.abc import Sequence
from statistics import fmean, variance

from examples.models.example import Example
from examples.models.live import Live
from examples.models.predictions import Predictions
from examples.models.settings import Models
from examples.shop.run.settings import ExampleError

SHARES = (0.05, 0.25, 0.5)
STEP, LONGEST = 60.0, 900.0
"""Seconds of a step, at least and at most."""

LOOK, LEASE = 5.0, 60.0
FEWEST = 30
"""Outcomes of each version in a step."""

WORSE = 2.13
"""Standard errors by which the loss is larger: by chance for at most 5% of versions that are as good."""


def release(example: Example, models: Models, version: str) -> None:
    """Return when all requests have it; if it is worse, nobody has.

    Raises ExampleError, ValueError for a version that is not there.
    """
    live, predictions = Live(models.trained(example.name)), Predictions(models.predictions(example.name))
    former = live.now
    try:
        for share in SHARES:
            own, others = _try(live, predictions, version, former, share)
            if is_worse(own, others):
                losses = f"a loss of {fmean(own):.3g} against {fmean(others):.3g}"
                raise ExampleError(
                    f"{version} is worse than {former} at {share:.0%} of the requests: {losses}"
                )
            print(f"{share:.0%} of the requests: {version} is not worse than {former}.", flush=True)
        live.put(version)
    except BaseException:
        live.put(former)
        raise


def _try(
    live: Live, predictions: Predictions, version: str, former: str, share: float
) -> tuple[list[float], list[float]]:
    """The losses of the version and the live one in a step. Raises ExampleError if there are too few."""
    begun = time.time()
    while True:
        live.share(version, share, time.time() + LEASE)
        time.sleep(LOOK)
        passed = time.time() - begun
        own, others = (predictions.read_losses(each, begun) for each in (version, former))
        if passed >= STEP and min(len(own), len(others)) >= FEWEST:
            return own, others
        if passed >= LONGEST:
            told = f"{len(own)} outcomes in {LONGEST:.0f} s, {FEWEST} are needed"
            raise ExampleError(f"{version} is not released: at {share:.0%} of the requests {told}")


def is_worse(own: Sequence[float], others: Sequence[float]) -> bool:
    """Whether chance is excluded; two losses of each at least."""
    error = math.sqrt(variance(own) / len(own) + variance(others) / len(others))
    return fmean(own) - fmean(others) > WORSE * error
